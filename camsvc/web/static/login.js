// The session cookie is not sent when a link in a message leads here: who is logged in already goes straight on.
(() => {
  const next = document.currentScript.dataset.next;
  fetch("/session", { credentials: "same-origin", cache: "no-store" })
    .then((answer) => answer.json())
    .then((session) => session.logged_in && window.location.replace(next))
    .catch(() => {});
})();
