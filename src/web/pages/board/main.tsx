/**
 * Names the buttons of bull-board's page that have a picture alone, for screen readers and on hover: a menu by what it opens, others
 * by the name of their picture (`lucide-maximize`). The picture of the store of the queues has no name.
 */
function nameButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button:not([aria-label])')) {
    // Not `textContent`: a picture may have styles in it.
    if (button.innerText.trim() !== '' || button.title !== '') continue;
    const picture = button.querySelector('svg[class*="lucide-"]')?.getAttribute('class')?.split(' ').at(-1);
    const name = picture?.replace('lucide-', '').replaceAll('-', ' ') ?? 'store of the queues';
    button.ariaLabel = button.title = button.ariaHasPopup === 'menu' ? 'actions' : name;
  }
}

new MutationObserver(nameButtons).observe(document.body, { childList: true, subtree: true });
