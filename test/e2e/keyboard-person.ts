import type { Page } from 'playwright-core';
import type { ReviewEvent } from '../../src/core/review/events/event.ts';

/** An action of a person as it must be stored. An undo names the action by its place in the list. */
export interface Done {
  readonly kind: ReviewEvent['kind'];
  readonly sha256: string;
  readonly wnid: string;
  readonly value: unknown;
  readonly undoes: number | null;
}

export class Person {
  readonly done: Done[] = [];
  /** Actions that stand, and undos that can be taken back with their actions: the places of their photos in `done`. */
  readonly #standing: (readonly number[])[] = [];
  readonly #undone: { readonly action: readonly number[]; readonly undo: readonly number[] }[] = [];
  page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async shown(): Promise<{ readonly sha256: string; readonly wnid: string }> {
    const [sha256 = '', wnid = ''] = await this.page
      .locator('main[data-ready] [data-photo]')
      .evaluate((image: HTMLElement) => [image.dataset['photo'], image.dataset['wnid']]);
    return { sha256, wnid };
  }

  async decide(key: string, verdict: string, reason: string | null = null): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press(key);
    await this.page.locator(`[data-photo]:not([data-photo="${before.sha256}"]), .calm`).waitFor();
    this.#does([{ kind: 'verdict', ...before, value: { verdict, reason, shownBy: 'confusions' }, undoes: null }]);
  }

  async tagAndDecide(key: string, verdict: string, reason: string | null = null): Promise<void> {
    await this.tag();
    await this.decide(key, verdict, reason);
  }

  /** Goes to the grid, rejects its last three photos together, takes that back, and opens the first of them alone. */
  async rejectThreeAndUndo(): Promise<void> {
    await this.page.keyboard.press('g');
    await this.page.locator('main[data-ready] .tile').first().waitFor();
    for (const key of ['End', 'Shift+ArrowLeft', 'Shift+ArrowLeft']) await this.page.keyboard.press(key);
    const selected = this.page.locator('.tile[aria-selected="true"]');
    await selected.nth(2).waitFor();
    const photos = await selected.evaluateAll((tiles: HTMLElement[]) =>
      tiles.map(({ dataset }) => ({ sha256: dataset['photo'] ?? '', wnid: dataset['wnid'] ?? '' })),
    );
    await this.page.keyboard.press('2');
    for (const { sha256 } of photos)
      await this.page.locator(`[data-photo="${sha256}"][data-state="rejected"]`).waitFor();
    const value = { verdict: 'reject', reason: 'several-classes', shownBy: 'grid' };
    this.#does(photos.map((one) => ({ kind: 'verdict', ...one, value, undoes: null })));
    await this.undo('Backspace');
    await this.page.keyboard.press('g');
    await this.shown();
  }

  async tag(): Promise<void> {
    const before = await this.shown();
    for (const key of ['t', '1', '3', 'Enter']) await this.page.keyboard.press(key);
    await this.page.locator('.said', { hasText: '#pattern' }).waitFor();
    this.#does([{ kind: 'tag', ...before, value: { tags: ['pose', 'pattern'] }, undoes: null }]);
  }

  async note(text: string): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press('n');
    await this.page.keyboard.type(text);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.said', { hasText: text }).waitFor();
    this.#does([{ kind: 'note', ...before, value: { note: text }, undoes: null }]);
  }

  async flag(): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press('f');
    await this.page.locator('.said', { hasText: 'flagged' }).waitFor();
    this.#does([{ kind: 'flag', ...before, value: { flagged: true }, undoes: null }]);
  }

  /** Names a further class by the beginning of its name, and takes the first match. */
  async alsoSees(beginning: string, wnid: string): Promise<void> {
    const before = await this.shown();
    await this.page.keyboard.press('e');
    await this.page.locator('.class-picker input').waitFor();
    await this.page.keyboard.type(beginning);
    await this.page.locator('.class-picker').getByRole('option').first().waitFor();
    for (const key of ['Enter', 'Enter']) await this.page.keyboard.press(key);
    await this.page.locator('.said', { hasText: '+ ' }).waitFor();
    this.#does([{ kind: 'also', ...before, value: { alsoWnids: [wnid] }, undoes: null }]);
  }

  async undo(key: string): Promise<void> {
    const action = this.#standing.pop() ?? [];
    await this.page.keyboard.press(key);
    await this.page.locator(`[data-photo="${this.done[action[0] ?? -1]?.sha256}"]`).waitFor();
    this.#undone.push({ action, undo: this.#undoes('undo', action) });
  }

  async redo(): Promise<void> {
    const { action, undo } = this.#undone.pop() ?? { action: [], undo: [] };
    await this.page.keyboard.press('Control+Shift+Z');
    this.#undoes('redo', undo);
    this.#standing.push(action);
  }

  #does(photos: readonly Done[]): void {
    this.#standing.push(this.#add(photos));
    this.#undone.length = 0;
  }

  #undoes(kind: 'undo' | 'redo', places: readonly number[]): readonly number[] {
    return this.#add(
      places.map((undoes) => {
        const { sha256 = '', wnid = '' } = this.done[undoes] ?? {};
        return { kind, sha256, wnid, value: null, undoes };
      }),
    );
  }

  #add(photos: readonly Done[]): readonly number[] {
    const places = photos.map((_, i) => this.done.length + i);
    this.done.push(...photos);
    return places;
  }
}
