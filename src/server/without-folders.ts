/** A text for people who may not know where files lie on this machine: each absolute path becomes its last part. */
export function withoutFolders(text: string): string {
  return text.replaceAll(/(?:file:\/\/|(?<![\w:/.~%-]))\/(?:[^\s/'"]+\/)+/g, '');
}
