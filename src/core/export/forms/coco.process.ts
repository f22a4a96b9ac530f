import { open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { OutputFile, OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import { COCO } from '../layout.ts';
import type { PhotoFile, PhotoRow } from '../select/photo-row.ts';

export interface AboutCoco {
  readonly collection: string;
  readonly frozenAt: string;
}

export async function openCoco(folder: OutputFolder, about: AboutCoco): Promise<CocoSink> {
  const file = await folder.start(COCO);
  await file.write(`{"info":${JSON.stringify(infoOf(about))},\n"images":[`);
  const partPath = path.join(folder.root, `${COCO}.part`);
  return new CocoSink(file, { path: partPath, handle: await open(partPath, 'wx+') });
}

/** A file beside the real one that holds its annotations, because they follow the last image. */
interface Part {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * Writes `annotations/coco.json`: an image and an annotation with the same id for each photo, 1, 2, ... in the order of the
 * photos. The annotation's box is the whole image, because there are no drawn boxes; `info` says so. `file_name` is relative to
 * `test/`. Source: https://cocodataset.org/#format-data
 */
class CocoSink implements PhotoSink<PhotoFile> {
  readonly #file: OutputFile;
  readonly #part: Part;
  readonly #categories = new Map<number, Pick<PhotoRow, 'label' | 'wnid' | 'class_name'>>();
  readonly #licences = new Map<string, { readonly id: number; readonly name: string; readonly url: string }>();
  #photos = 0;

  constructor(file: OutputFile, part: Part) {
    this.#file = file;
    this.#part = part;
  }

  async add({ row }: PhotoFile): Promise<void> {
    const before = this.#photos === 0 ? '\n' : ',\n';
    this.#photos += 1;
    const { label, wnid, class_name, width, height } = row;
    this.#categories.set(label, { label, wnid, class_name });
    const image = {
      id: this.#photos,
      file_name: row.file_name,
      width,
      height,
      license: this.#licenceId(row),
      coco_url: row.source_url,
      flickr_url: row.source === 'flickr' ? row.source_url : '',
      ...(row.also_wnids === undefined ? {} : { also_wnids: row.also_wnids }),
    };
    const annotation = {
      id: this.#photos,
      image_id: this.#photos,
      category_id: label + 1,
      bbox: [0, 0, width, height],
      area: width * height,
      iscrowd: 0,
    };
    await this.#file.write(before + JSON.stringify(image));
    await this.#part.handle.writeFile(before + JSON.stringify(annotation));
  }

  async finish(): Promise<readonly WrittenFile[]> {
    await this.#file.write('\n],\n"annotations":[');
    await this.#appendPart();
    const categories = [...this.#categories.values()]
      .toSorted((a, b) => a.label - b.label)
      .map(({ label, wnid, class_name }) => ({ id: label + 1, name: class_name, supercategory: '', wnid }));
    const licences = [...this.#licences.values()];
    await this.#file.write(`\n],\n"categories":${listOf(categories)},\n"licenses":${listOf(licences)}}\n`);
    return [await this.#file.close()];
  }

  async #appendPart(): Promise<void> {
    const { handle, path: partPath } = this.#part;
    const piece = Buffer.alloc(2 ** 16);
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      await this.#file.write(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    await handle.close();
    await rm(partPath);
  }

  #licenceId({ license, license_url }: PhotoRow): number {
    const key = JSON.stringify([license, license_url]);
    const known = this.#licences.get(key) ?? { id: this.#licences.size + 1, name: license, url: license_url };
    this.#licences.set(key, known);
    return known.id;
  }
}

function infoOf({ collection, frozenAt }: AboutCoco): object {
  return {
    description: `${collection}, a test set made by winnow`,
    date_created: frozenAt,
    boxes: 'whole-image',
    boxes_note: 'Nobody drew boxes. Each photo has one annotation for its class, and its box is the whole image.',
  };
}

function listOf(items: readonly object[]): string {
  return `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`;
}
