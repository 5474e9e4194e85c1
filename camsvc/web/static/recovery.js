// The recovery codes are shown once: they can be printed, or copied into a safe of passwords.
(() => {
  const codes = () => [...document.querySelectorAll(".codes code")].map((each) => each.textContent).join("\n");
  document.querySelector("[data-print]").addEventListener("click", () => window.print());
  document.querySelector("[data-copy]").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(codes());
    button.textContent = button.dataset.done;
  });
  if (!navigator.clipboard) document.querySelector("[data-copy]").remove();
})();
