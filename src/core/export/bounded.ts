import * as z from 'zod';

/** Limits of lists, for a file that may come from a stranger. ImageNet-21k has 21,841 classes. */
export const FEW = 1_000;
export const CLASSES = 100_000;
export const MANY = 1_000_000;

export const count = z.int().nonnegative();
export const share = z.number().min(0).max(1);

/** A list that ends at its first wrong item. `z.array` collects all problems, each a kilobyte of memory. */
export function listOf<Item extends z.ZodType>(item: Item, most: number) {
  return z.array(z.unknown()).transform((values, context): z.output<Item>[] => {
    const items: z.output<Item>[] = [];
    if (values.length > most)
      return refuse(context, [], `expected at most ${most} items but received ${values.length}`);
    for (const [i, value] of values.entries()) {
      const result = item.safeParse(value);
      if (!result.success) {
        const [issue] = result.error.issues;
        return refuse(context, [i, ...(issue?.path ?? [])], issue?.message ?? '');
      }
      items.push(result.data);
    }
    return items;
  });
}

export function recordOf<Value extends z.ZodType>(value: Value, most: number) {
  return z.record(z.string(), z.unknown()).transform((given, context): Record<string, z.output<Value>> => {
    const keys = Object.keys(given);
    const result = listOf(value, most).safeParse(Object.values(given));
    if (result.success)
      return Object.fromEntries(result.data.map((each, i): [string, z.output<Value>] => [keys[i] ?? '', each]));
    const [issue] = result.error.issues;
    const [at, ...path] = issue?.path ?? [];
    return refuse(context, at === undefined ? [] : [keys[Number(at)] ?? '', ...path], issue?.message ?? '');
  });
}

function refuse(context: z.core.$RefinementCtx, path: PropertyKey[], message: string): never {
  context.issues.push({ code: 'custom', path, message, input: undefined });
  return z.NEVER;
}
