const AGAIN_AFTER_MS = 2_000;

/** Renews the banner at the top; once the report is computed, the whole page. */
async function renew(): Promise<void> {
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.stale');
    if (fresh?.hasAttribute('data-running') === true) document.querySelector('.stale')?.replaceWith(fresh);
    else location.reload();
  } catch {
    // The server cannot be reached just now.
  }
}

setInterval(() => {
  if (document.querySelector('.stale[data-running]') !== null) void renew();
}, AGAIN_AFTER_MS);
