import { LostBytes } from '../../kernel/blobs.ts';
import { GiveUpOnItem, messageOf } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { RgbImage } from '../../platform/image/raster.ts';
import type { ModelInput } from './member.ts';
import { PreparedPicture } from './prepared-picture.ts';
import { nextPass, type BackboneCrop, type ForwardPass, type OpenPhoto } from './schedule.ts';

/** The result of one forward pass for one crop: a row of values for each output, in the backbone's order. */
export type CropOutputs = readonly Float32Array[];

export interface CropRunner {
  readonly input: ModelInput;
  /** Takes `crops * 3 * size * size` floats and gives the outputs of each crop. */
  run(tensor: Float32Array, crops: number): Promise<readonly CropOutputs[]>;
}

/** `undecodable`: another try cannot help. `absent`: the bytes are lost, which says nothing about the photo. */
export interface UnreadablePhoto {
  readonly kind: 'undecodable' | 'absent';
  readonly detail: string;
}

/** A photo in a stream. Exactly one of `settle` and `fail` is called, once. */
export interface StreamedPhoto {
  readonly sha256: Sha256;
  /** The crop that must run next, or null once the photo needs no more. */
  next(): BackboneCrop | null;
  /** Receives the outputs of the crop that `next` returned last. */
  take(outputs: CropOutputs): void;
  /** Receives null when the photo needs no more crops or the run stops early, the problem if it cannot be read. */
  settle(problem: UnreadablePhoto | null): void;
  /** Called with an error that is not about the photo. */
  fail(error: unknown): void;
}

export interface CropStreamDeps {
  readonly backbones: readonly CropRunner[];
  readonly cropsPerPass: number;
  readonly work?: {
    addPhoto(): void;
    addPass(pass: { readonly crops: number; readonly prepareMs: number; readonly inferMs: number }): void;
  };
  /** Called before a pass with its crops. Each is of another photo. */
  onPass?(backbone: number, crops: readonly number[]): void;
  /** Called when a photo will be decoded soon, so that its bytes can be read early. */
  readAhead?(sha256: Sha256): void;
  /** Rejects with GiveUpOnItem for undecodable bytes, LostBytes, or an error after which the photo is tried again. */
  decode<T>(sha256: Sha256, use: (image: RgbImage) => T): Promise<T>;
  /** True once the run must end. Photos then settle with the evidence that they have. */
  shouldStop(): boolean;
}

interface OpenedPhoto {
  readonly photo: StreamedPhoto;
  readonly picture: PreparedPicture;
}

/**
 * Evaluates crops of photos with backbones. It decodes the next photos while others run, and fills each pass with crops of
 * several photos. Each photo chooses its own crops: this class knows no filter rule.
 */
export class CropStream {
  readonly #deps: CropStreamDeps;
  readonly #pending: StreamedPhoto[] = [];
  readonly #open = new Map<number, OpenedPhoto>();
  readonly #decoding = new Set<Promise<void>>();
  /** The input of one pass for each backbone. Each pass overwrites it. */
  readonly #tensors = new Map<number, Float32Array>();
  #opened = 0;
  #working: Promise<void> | null = null;

  constructor(deps: CropStreamDeps) {
    this.#deps = deps;
  }

  push(photo: StreamedPhoto): void {
    if (photo.next() === null) {
      photo.settle(null);
      return;
    }
    this.#pending.push(photo);
    this.#deps.readAhead?.(photo.sha256);
    this.#working ??= this.#work();
  }

  /** Resolves once every photo has been settled or has failed, and no pass is running. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #work(): Promise<void> {
    // Photos that are pushed in the same tick must all be there before the first pass.
    await Promise.resolve();
    while (!this.#deps.shouldStop()) {
      this.#startDecoding();
      const pass = nextPass(this.#waiting(), this.#deps.cropsPerPass);
      if (pass !== null) await this.#runPass(pass);
      else if (this.#decoding.size > 0) await Promise.race(this.#decoding);
      else break;
    }
    if (this.#deps.shouldStop()) await this.#settleAll();
    this.#working = null;
    // Photos may have been pushed while the last ones were settled.
    if (this.#pending.length > 0) this.#working = this.#work();
  }

  /** Keeps photos for several passes open, and decodes those of one more, so that neither waits for the other. */
  #startDecoding(): void {
    const { cropsPerPass } = this.#deps;
    while (
      this.#decoding.size < 2 * cropsPerPass &&
      this.#open.size + this.#decoding.size < photosInFlight(cropsPerPass)
    ) {
      const photo = this.#pending.shift();
      if (photo === undefined) return;
      const decoding = this.#openPhoto(photo)
        .catch((error: unknown) => photo.fail(error))
        .finally(() => this.#decoding.delete(decoding));
      this.#decoding.add(decoding);
    }
  }

  async #openPhoto(photo: StreamedPhoto): Promise<void> {
    try {
      const inputs = this.#deps.backbones.map(({ input }) => input);
      const picture = await this.#deps.decode(photo.sha256, (image) => new PreparedPicture(image, inputs));
      this.#open.set((this.#opened += 1), { photo, picture });
      this.#deps.work?.addPhoto();
    } catch (error) {
      // Only an error that another try cannot fix fails the photo. Too many open files or a failing disk does not.
      const kind = error instanceof GiveUpOnItem ? 'undecodable' : error instanceof LostBytes ? 'absent' : null;
      if (kind === null) throw error;
      photo.settle({ kind, detail: messageOf(error) });
    }
  }

  *#waiting(): Generator<OpenPhoto> {
    for (const [id, { photo }] of this.#open) {
      const next = photo.next();
      if (next === null) this.#settle(id);
      else yield { photo: id, next };
    }
  }

  async #runPass({ backbone: position, crops }: ForwardPass): Promise<void> {
    const { backbones, work } = this.#deps;
    try {
      const backbone = backbones[position];
      if (backbone === undefined)
        throw new RangeError(`Expected a backbone 0..${backbones.length - 1} but received ${position}`);
      this.#deps.onPass?.(
        position,
        crops.map(({ crop }) => crop),
      );
      const startMs = performance.now();
      const tensor = this.#tensorOf(position, { input: backbone.input, crops: crops.length });
      const cropFloats = tensor.length / crops.length;
      crops.forEach(({ photo, crop }, i) => {
        this.#open.get(photo)?.picture.fill({ tensor, offset: i * cropFloats }, backbone.input, crop);
      });
      const preparedMs = performance.now();
      const outputs = await backbone.run(tensor, crops.length);
      const endMs = performance.now();
      // Counted before photos are settled, because the report of the last photo must include this pass.
      work?.addPass({ crops: crops.length, prepareMs: preparedMs - startMs, inferMs: endMs - preparedMs });
      crops.forEach(({ photo }, i) => this.#take(photo, outputs[i]));
    } catch (error) {
      for (const { photo } of crops) this.#close(photo)?.fail(error);
    }
  }

  #take(id: number, outputs: CropOutputs | undefined): void {
    const photo = this.#open.get(id)?.photo;
    if (photo === undefined) return;
    if (outputs === undefined) throw new Error('Expected outputs for each crop of a pass but those of one are missing');
    photo.take(outputs);
    if (photo.next() === null) this.#settle(id);
  }

  #settle(id: number): void {
    this.#close(id)?.settle(null);
  }

  /** Frees the picture, so that only a few are in memory at once. */
  #close(id: number): StreamedPhoto | undefined {
    const photo = this.#open.get(id)?.photo;
    this.#open.delete(id);
    return photo;
  }

  /** The run must end. Each photo settles with the evidence that it has. */
  async #settleAll(): Promise<void> {
    await Promise.all(this.#decoding);
    for (const id of this.#open.keys()) this.#settle(id);
    for (const photo of this.#pending.splice(0)) photo.settle(null);
  }

  #tensorOf(backbone: number, pass: { readonly input: ModelInput; readonly crops: number }): Float32Array {
    const floats = 3 * pass.input.size ** 2;
    const tensor = this.#tensors.get(backbone) ?? new Float32Array(floats * this.#deps.cropsPerPass);
    this.#tensors.set(backbone, tensor);
    return tensor.subarray(0, floats * pass.crops);
  }
}

export function photosInFlight(cropsPerPass: number): number {
  return 4 * cropsPerPass;
}
