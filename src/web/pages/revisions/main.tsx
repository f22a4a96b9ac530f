import { renewWhile } from '../renew.ts';

/** Renews what the page says of verifications. All else on it stays as it is, such as what is folded out. */
renewWhile('.verified[data-running]', (page) => {
  for (const old of document.querySelectorAll('.verified')) {
    const fresh = page.getElementById(old.id);
    // While one runs no other can be started, so those that do not run change too.
    if (fresh !== null && fresh.outerHTML !== old.outerHTML) old.replaceWith(fresh);
  }
});
