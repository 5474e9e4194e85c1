// Whether anybody sees the page.

export const UNSEEN_MS = 30000; // hidden for so long: streams are given back

// Calls ``tell(true)`` when the page has been hidden for long, ``tell(false)`` and ``back`` when it is seen again.
// Returns what ends it.
export function whenUnseen(tell, back) {
  let timer = null;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => tell(true), UNSEEN_MS);
    else {
      tell(false);
      back();
    }
  };
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
