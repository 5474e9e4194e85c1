// Tells when it comes into sight: the end of a list that goes on.
export default {
  template: `<div class="cam-reached" ref="end"><slot></slot></div>`,
  mounted() {
    this.observer = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.$emit("reached"), {
      rootMargin: "400px",
    });
    this.observer.observe(this.$refs.end);
  },
  unmounted() {
    this.observer.disconnect();
  },
};
