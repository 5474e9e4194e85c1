// The tree of areas to choose from: one of them, or several. Typing narrows it; the chosen stay in sight.
export default {
  template: `
    <div class="cam-areas">
      <input class="cam-input" type="search" v-model="words" :placeholder="texts.find" :aria-label="texts.find" @keydown.enter.prevent />
      <q-tree ref="tree" class="cam-areas__tree" :nodes="nodes" node-key="path" label-key="label" dense no-connectors
        :filter="words" :filter-method="fits" :no-results-label="texts.none" :no-nodes-label="texts.none"
        v-model:expanded="open" :selected="many ? undefined : picked[0] ?? null" @update:selected="choose"
        :tick-strategy="many ? 'strict' : 'none'" v-model:ticked="ticked" @update:ticked="tick">
        <template #default-header="{ node }">
          <span>{{ node.label }}</span><span class="cam-soft cam-areas__count" v-if="node.count">{{ node.count }}</span>
        </template>
      </q-tree>
    </div>`,
  props: { nodes: Array, many: Boolean, initial: Array, texts: Object },
  data() {
    const roots = this.nodes.flatMap((each) => [each.path, ...(this.nodes.length < 3 ? (each.children || []).map((one) => one.path) : [])]);
    return { words: "", picked: [...this.initial], ticked: [...this.initial], open: roots };
  },
  methods: {
    plain: (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase(),
    fits(node, words) {
      return this.plain(words).split(/\s+/).every((word) => this.plain(`${node.label} ${node.path}`).includes(word));
    },
    choose(path) {
      if (path === null || path === undefined) return; // the one that is chosen stays chosen
      this.picked = [path];
      this.$emit("picked", this.picked);
    },
    tick(paths) {
      this.$emit("picked", [...paths]);
    },
  },
  watch: {
    words(now) {
      if (now) this.$nextTick(() => this.$refs.tree?.expandAll());
    },
  },
};
