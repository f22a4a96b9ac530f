import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { OutputFolder, PhotoSink } from '../output-folder.process.ts';
import { COCO } from '../layout.ts';
import type { PhotoFile, PhotoRow } from '../select/photo-row.ts';

interface AboutCoco {
  readonly collection: string;
  readonly frozenAt: string;
}

/**
 * Writes `annotations/coco.json`: an image and an annotation with the same id for each photo, 1, 2, ... in the order of the
 * photos. The annotation's box is the whole image, because there are no drawn boxes; `info` says so. `file_name` is relative to
 * `test/`. Source: https://cocodataset.org/#format-data
 */
export async function openCoco(folder: OutputFolder, about: AboutCoco): Promise<PhotoSink<PhotoFile>> {
  const file = await folder.start(COCO);
  await file.write(`{"info":${JSON.stringify(infoOf(about))},\n"images":[`);
  // Annotations follow the last image. Until then a file beside the real one holds them.
  const partPath = path.join(folder.root, `${COCO}.part`);
  const part = await open(partPath, 'wx+');
  const categories = new Map<number, object>();
  const licences = new Map<string, { readonly id: number; readonly name: string; readonly url: string }>();
  let id = 0;
  return {
    async add({ row }) {
      const { label, wnid, license: name, license_url: url } = row;
      const before = id === 0 ? '\n' : ',\n';
      id += 1;
      categories.set(label, { id: label + 1, name: row.class_name, supercategory: '', wnid });
      const key = JSON.stringify([name, url]);
      const licence = licences.get(key) ?? { id: licences.size + 1, name, url };
      licences.set(key, licence);
      await file.write(before + JSON.stringify(imageOf(row, id, licence.id)));
      await part.writeFile(before + JSON.stringify(annotationOf(row, id)));
    },
    async finish() {
      await file.write('\n],\n"annotations":[');
      const piece = Buffer.alloc(2 ** 16);
      for (let at = 0; ;) {
        const { bytesRead } = await part.read(piece, 0, piece.length, at);
        if (bytesRead === 0) break;
        await file.write(piece.subarray(0, bytesRead));
        at += bytesRead;
      }
      await part.close();
      await rm(partPath);
      const inOrder = [...categories].toSorted(([a], [b]) => a - b).map(([, category]) => category);
      await file.write(`\n],\n"categories":${listOf(inOrder)},\n"licenses":${listOf([...licences.values()])}}\n`);
      return [await file.close()];
    },
  };
}

function imageOf(row: PhotoRow, id: number, license: number): object {
  const { file_name, width, height, source, source_url: url, also_wnids } = row;
  const urls = { coco_url: url, flickr_url: source === 'flickr' ? url : '' };
  // JSON leaves out what is undefined.
  return { id, file_name, width, height, license, ...urls, also_wnids };
}

function annotationOf({ label, width, height }: PhotoRow, id: number): object {
  const box = { bbox: [0, 0, width, height], area: width * height };
  return { id, image_id: id, category_id: label + 1, ...box, iscrowd: 0 };
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
