/**
 * Softmax in double precision from float32 logits (protocol: "p = softmax over the collection's classes"), shifted by
 * the maximum, so that no finite logit overflows.
 */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const probs = new Float64Array(logits.length);
  const max = logits[argmax(logits)] ?? 0;
  let sum = 0;
  for (let i = 0; i < probs.length; i += 1) {
    const weight = Math.exp((logits[i] ?? 0) - max);
    probs[i] = weight;
    sum += weight;
  }
  for (let i = 0; i < probs.length; i += 1) probs[i] = (probs[i] ?? 0) / sum;
  return probs;
}

/** p of each class: softmax over all, or for a sigmoid member (protocol: SigLIP's kind) each class's own sigmoid. */
export function probabilities(logits: ArrayLike<number>, isSigmoid = false): Float64Array {
  return isSigmoid ? Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit))) : softmax(logits);
}

/** Position of the largest value (the first of equals), as in NumPy and PyTorch on the CPU. -1 for an empty list. */
export function argmax(values: ArrayLike<number>, skip = -1): number {
  let best = -1;
  let bestValue = -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? -Infinity;
    if (i !== skip && (best === -1 || value > bestValue)) {
      best = i;
      bestValue = value;
    }
  }
  return best;
}

/** Positions of the `count` largest values, largest first; of equals the first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const top: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    let at = top.length;
    while (at > 0 && (values[i] ?? -Infinity) > (values[top[at - 1] ?? i] ?? -Infinity)) at -= 1;
    if (at >= count) continue;
    top.splice(at, 0, i);
    top.length = Math.min(top.length, count);
  }
  return top;
}

/** The first value that is NaN or infinite and its place: `NaN at class 1 of 4`. Null if all are finite. */
export function notFiniteText(values: Float32Array, noun: string): string | null {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  return wrong === -1 ? null : `${values[wrong]} at ${noun} ${wrong} of ${values.length}`;
}
