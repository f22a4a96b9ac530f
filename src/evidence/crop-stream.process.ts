import { LostBytes } from '../kernel/blobs.ts';
import { GiveUpOnItem, messageOf } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { RgbImage } from '../photo/rgb-image.ts';
import type { ModelInput } from './member.ts';
import { PreparedPicture } from './prepared-picture.ts';
import { nextPass, type BackboneCrop, type ForwardPass, type OpenPhoto } from './schedule.ts';

/** What one forward pass gives of one crop: a row of values for each output, in the backbone's own order. */
export type CropOutputs = readonly Float32Array[];

/** A network that crops go through. Several members may take its outputs. */
export interface Backbone {
  readonly input: ModelInput;
  /** Takes `crops * 3 * size * size` floats and gives the outputs of each crop. */
  run(tensor: Float32Array, crops: number): Promise<readonly CropOutputs[]>;
}

/** `undecodable`: no second try can change it. `absent`: its bytes are lost, which says nothing of the photo. */
export interface UnreadablePhoto {
  readonly kind: 'undecodable' | 'absent';
  readonly detail: string;
}

/** A photo on its way through a stream. Exactly one of `settle` and `fail` is called, once. */
export interface StreamedPhoto {
  readonly sha256: Sha256;
  /** The crop that runs next, or null once the photo needs no more. */
  next(): BackboneCrop | null;
  /** Takes the outputs of the crop that `next` named last. */
  take(outputs: CropOutputs): void;
  /** Called once it needs no more, if it cannot be read, or with null when the run stops early. */
  settle(problem: UnreadablePhoto | null): void;
  /** Called with an error that says nothing about the photo. */
  fail(error: unknown): void;
}

export interface CropStreamDeps {
  readonly backbones: readonly Backbone[];
  /** Crops in one forward pass at most. */
  readonly cropsPerPass: number;
  /** Counts what the passes cost. */
  readonly work?: {
    addPhoto(): void;
    addPass(pass: { readonly crops: number; readonly prepareMs: number; readonly inferMs: number }): void;
  };
  /** Called before a pass with its crops, each of another photo. */
  onPass?(backbone: number, crops: readonly number[]): void;
  /** Called after a pass. */
  onPassed?(backbone: number, pass: { readonly crops: number; readonly durationMs: number }): void;
  /** Called when a photo will be decoded before long: its bytes can be read already. */
  readAhead?(sha256: Sha256): void;
  /**
   * What `use` makes of the picture. Rejects with GiveUpOnItem if the bytes cannot be decoded, LostBytes if they are lost; with
   * another error if it may be tried again.
   */
  decode<T>(sha256: Sha256, use: (image: RgbImage) => T): Promise<T>;
  /** True once the run must end: photos then settle with what they have. */
  shouldStop(): boolean;
}

interface OpenedPhoto {
  readonly photo: StreamedPhoto;
  readonly picture: PreparedPicture;
}

/**
 * Runs crops of photos through backbones. It decodes the next photos while others run, and fills each pass with crops of
 * several photos. Which crops a photo needs is the photo's own affair: this class knows no rule of any filter.
 */
export class CropStream {
  readonly #deps: CropStreamDeps;
  readonly #pending: StreamedPhoto[] = [];
  /** Decoded photos that need more crops, in the order of decoding. */
  readonly #open = new Map<number, OpenedPhoto>();
  readonly #decoding = new Set<Promise<void>>();
  /** Floats of one pass, by backbone: overwritten by each pass. */
  readonly #tensors = new Map<number, Float32Array>();
  #opened = 0;
  #working: Promise<void> | null = null;

  constructor(deps: CropStreamDeps) {
    this.#deps = deps;
  }

  /** A photo that needs no crop is settled at once. */
  push(photo: StreamedPhoto): void {
    if (photo.next() === null) {
      photo.settle(null);
      return;
    }
    this.#pending.push(photo);
    this.#deps.readAhead?.(photo.sha256);
    this.#working ??= this.#work();
  }

  /** Resolves once every photo has been settled or has failed, and no pass is under way. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #work(): Promise<void> {
    // Photos that are pushed together are all there before the first pass.
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

  /** Keeps passes' worth of photos open and a pass's worth on their way, so that neither waits for the other. */
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
      // Only an error that no second try can change condemns a photo: a full table of file handles or a failing disk does not.
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
      // Before photos are settled: the report of the last one must count this pass.
      work?.addPass({ crops: crops.length, prepareMs: preparedMs - startMs, inferMs: endMs - preparedMs });
      crops.forEach(({ photo }, i) => this.#take(photo, outputs[i]));
      this.#deps.onPassed?.(position, { crops: crops.length, durationMs: endMs - startMs });
    } catch (error) {
      for (const { photo } of crops) this.#fail(photo, error);
    }
  }

  #take(id: number, outputs: CropOutputs | undefined): void {
    const photo = this.#open.get(id)?.photo;
    if (photo === undefined) return;
    if (outputs === undefined) throw new Error('Expected outputs for each crop of a pass but those of one are missing');
    photo.take(outputs);
    if (photo.next() === null) this.#settle(id);
  }

  /** The picture goes with it: no more than a few are in memory at once. */
  #settle(id: number): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.photo.settle(null);
  }

  #fail(id: number, error: unknown): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.photo.fail(error);
  }

  /** The run must end: each photo gets what it has so far. */
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

/** Photos that a stream has decoded or decodes at a time. */
export function photosInFlight(cropsPerPass: number): number {
  return 4 * cropsPerPass;
}
