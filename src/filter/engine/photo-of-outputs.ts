import type { CropOutputs, StreamedPhoto, UnreadablePhoto } from '../../models/evidence/crop-stream.process.ts';
import type { BackboneCrop } from '../../models/evidence/schedule.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { OutputsResult, OutputsTask } from './messages.ts';

interface End {
  readonly settle: (result: OutputsResult) => void;
  readonly fail: (error: unknown) => void;
}

export class PhotoOfOutputs implements StreamedPhoto {
  readonly fail: End['fail'];
  readonly #task: OutputsTask;
  readonly #settle: End['settle'];
  readonly #rows: CropOutputs[] = [];

  constructor(task: OutputsTask, { settle, fail }: End) {
    this.#task = task;
    this.#settle = settle;
    this.fail = fail;
  }

  get sha256(): Sha256 {
    return this.#task.sha256;
  }

  next(): BackboneCrop | null {
    const crop = this.#task.crops[this.#rows.length];
    return crop === undefined ? null : { backbone: 0, crop };
  }

  take(outputs: CropOutputs): void {
    this.#rows.push(outputs);
  }

  settle(problem: UnreadablePhoto | null): void {
    this.#settle({ rows: this.#rows, problem });
  }
}
