/** What a reviewer asks of a photo, if the people of the collection have not written criteria of their own. */
export const DEFAULT_CRITERIA = {
  A: 'The photo clearly shows the class, and no other class of the list. It is a photograph, and sharp enough to be sure.',
  O: 'None of the 1,000 classes is visible. It is a photograph, and sharp enough to be sure.',
} as const;
