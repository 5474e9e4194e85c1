// What every page does beside its components: language and theme, the end of a session, going back, copying.
(() => {
  const YEAR_S = 400 * 24 * 3600;
  const remember = (name, value) => (document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax`);

  document.addEventListener("click", (event) => {
    const language = event.target.closest?.("[data-language]");
    if (language) {
      event.preventDefault();
      remember("camsvc_language", language.dataset.language);
      window.location.reload();
    }
    if (event.target.closest?.("[data-theme-toggle]")) {
      const dark = !document.body.classList.contains("body--dark");
      remember("camsvc_theme", dark ? "dark" : "light");
      setDark(dark);
    }
    const copy = event.target.closest?.("[data-copy]");
    if (copy) {
      const text = copy.dataset.copy || window.location.href;
      const done = () => Quasar.Notify.create({ message: copy.dataset.copied, timeout: 1500, position: "bottom" });
      if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => {});
      else {
        // Without TLS the browser has no clipboard for pages: select the text in a field and copy that.
        const field = Object.assign(document.createElement("textarea"), { value: text });
        document.body.append(field);
        field.select();
        if (document.execCommand("copy")) done();
        field.remove();
        copy.focus();
      }
    }
  });

  // Back and forward: the page shows what its address says.
  window.addEventListener("popstate", () => emitEvent("cam-address", window.location.pathname + window.location.search));
  window.camAddress = (path, replace) => {
    if (path === window.location.pathname + window.location.search) return;
    window.history[replace ? "replaceState" : "pushState"](null, "", path);
  };

  // A connection that breaks may be a session that ended: then log in again, and come back to this view.
  const toLogin = () => window.location.assign(`/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
  const check = () =>
    fetch("/session", { credentials: "same-origin", cache: "no-store" })
      .then((answer) => answer.json())
      .then((session) => session.logged_in === false && toLogin())
      .catch(() => {});
  window.camSessionEnded = toLogin;
  const watch = setInterval(() => {
    if (!window.socket) return;
    clearInterval(watch);
    window.socket.on("disconnect", check);
    window.socket.on("connect_error", check);
  }, 200);
})();
