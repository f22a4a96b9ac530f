const AGAIN_AFTER_MS = 2_000;

/** Renews what the page says of verifications. All else on it stays as it is, such as what is folded out. */
async function renew(): Promise<void> {
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const old of document.querySelectorAll('.verified')) {
      const now = fresh.getElementById(old.id);
      // While one runs no other can be started, so those that do not run change too.
      if (now !== null && now.outerHTML !== old.outerHTML) old.replaceWith(now);
    }
  } catch {
    // The server cannot be reached just now.
  }
}

setInterval(() => {
  if (document.querySelector('.verified[data-running]') !== null) void renew();
}, AGAIN_AFTER_MS);
