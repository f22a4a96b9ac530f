import { expect, it } from 'vitest';
import { withoutFolders } from '../../../src/kernel/printable.ts';

it.each([
  ['file:///home/ann/photos/cat.jpg', 'cat.jpg'],
  ["EACCES: permission denied, open '/home/ann/cat.jpg'", "EACCES: permission denied, open 'cat.jpg'"],
  ['/srv/data/blobs/ab/abcd and /etc/passwd', 'abcd and passwd'],
  ['https://example.org/a/b.jpg answered 404', 'https://example.org/a/b.jpg answered 404'],
  ['expected 3/4 of it', 'expected 3/4 of it'],
])('of %j a viewer sees %j', (text, shown) => {
  expect(withoutFolders(text)).toBe(shown);
});
