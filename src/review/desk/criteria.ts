/** The criteria for accepting a photo, by mode, in a collection without criteria of its own. */
export const DEFAULT_CRITERIA = {
  A: 'The photo clearly shows the class, and no other class of the list. It is a photograph, and sharp enough to be sure.',
  O: 'None of the 1,000 classes is visible. It is a photograph, and sharp enough to be sure.',
} as const;
