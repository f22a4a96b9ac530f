import { UsageError } from '../../core/kernel/errors.ts';

export type PublishTarget =
  | { readonly kind: 'hub'; readonly name: string }
  | { readonly kind: 's3'; readonly url: string };

/** https://huggingface.co/docs/huggingface_hub/package_reference/utilities#huggingface_hub.utils.validate_repo_id */
const NAME_PART = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?$/;
const MAX_NAME_CHARS = 96;
const BUCKET = /^s3:\/\/[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9](?:\/[^?#\\]*)?$/;

/** Reads `--to`. @throws UsageError `publish-target` */
export function parseTarget(text: string): PublishTarget {
  if (text.startsWith('hf:')) {
    const name = text.slice(3);
    const parts = name.split('/');
    const isName =
      parts.length === 2 &&
      parts.every((part) => NAME_PART.test(part) && part.length <= MAX_NAME_CHARS) &&
      !name.endsWith('.git');
    if (isName) return { kind: 'hub', name };
    throw wrongTarget(
      `Expected hf:OWNER/NAME for --to, of letters, digits, '-', '_' and '.', but received '${text}'. Example: hf:my-lab/my-set`,
    );
  }
  if (BUCKET.test(text)) return { kind: 's3', url: text };
  throw wrongTarget(`Expected hf:OWNER/NAME or s3://BUCKET/PREFIX for --to but received '${text}'`);
}

function wrongTarget(message: string): UsageError {
  return new UsageError(message, { code: 'publish-target' });
}
