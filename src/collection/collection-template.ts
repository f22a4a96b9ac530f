import { quote } from '../config/quote.ts';
import { expectedOf } from '../config/schema-problems.ts';
import { UsageError } from '../kernel/errors.ts';
import type { ClassRow } from './class-table.ts';
import { nameSchema } from './name.ts';

/** What a new file has if no classes were given. */
const EXAMPLE_CLASSES = `
  - n02268443 # dragonfly
  - n02279972 # monarch butterfly
  - { wnid: n02206856, name: honeybee } # a name of your own choice`;

/**
 * The text of a new collection file with every key explained; what `winnow collection init NAME` writes.
 *
 * @param classes those to collect; examples if there are none
 * @throws UsageError `bad-collection-name`
 */
export function collectionTemplate(name: string, classes: readonly Pick<ClassRow, 'wnid' | 'name'>[] = []): string {
  const lines = classes.map((row) => `\n  - ${row.wnid} # ${row.name}`).join('');
  if (!nameSchema.safeParse(name).success) {
    throw new UsageError(`Expected ${expectedOf(nameSchema)} for a new collection but received ${quote(name)}`, {
      code: 'bad-collection-name',
    });
  }
  return `# A collection: which classes, where photos come from, and what the filter refuses.
# \`winnow collection check ${name}\` tells what is wrong with it; only name and classes are required.

# Must be the name of this file. Decisions, shortlists and exports are filed under it.
name: ${name}

# A: keep photos that the models mislabel, as ImageNet-A does.
# O: keep photos of none of the 1,000 classes that a model is nevertheless sure of, as ImageNet-O does (one model, no mask).
mode: A

# The classes to collect. Either a list of wnids or names, or a list's name (imagenet-a, imagenet-o, imagenet-1k), or a file with
# one class a line (# starts a comment), relative to this file. \`winnow classes find\` finds wnids and names. A class of your own,
# {wnid: my-id, name: "my class"}, needs a model that knows it.
classes:${lines === '' ? EXAMPLE_CLASSES : lines}

# The classes that the models choose among, given in the same three ways: all of \`classes\`, and others to mistake a photo for. The
# more there are, the more photos are kept. Left out, the models choose among \`classes\` only, as in the paper, which has 200.
# Each model must know all of them. In mode O this has no effect: a model always chooses among all classes that it knows.
among: imagenet-1k

# Mode O only: what the photos show, by WordNet id or name, each outside ImageNet-1k. any: whatever a folder is named for.
# concepts: any

# Mode O only: what stands above some of the 1,000 classes (dog, truck) is refused, since a photo of it may show one of them.
# true accepts it.
# allowHypernyms: false

# What to search for per class, one JSON line each, as config/classes/README.md describes. Not needed for folders.
# queries: config/classes/queries-imagenet-a.jsonl

# Where photos come from: folder, inaturalist, flickr, duckduckgo.
sources: [folder]

# Which licences a photo may have: any, or a list of SPDX ids, Public-Domain, all-rights-reserved, and unknown for photos whose
# source says nothing, as in [CC0-1.0, CC-BY-4.0, Public-Domain].
licences: any

# The models that filter, by the names of their cards in config/models.
ensemble: [efficientnet-lite0, efficientnet-lite1]

${POLICY}
# Settings that this collection overrides, as in config/default.yaml.
settings: {}
#  crawl.limitPerClass: 500
`;
}

const POLICY = `policy:
  # A photo is dropped if a model's p of the class that it was searched as is above this. Between 0 and 1; the paper's is 0.15.
  threshold: 0.15
  # max: one crop is enough to drop a photo. mean: the mean of a model's ten crops decides.
  aggregation: max
  # any: one model is enough to drop a photo. all: all of them must agree.
  members: any
  # Photos of one confusion (class searched as -> predicted class) on the shortlist of a class, at most.
  cap: 15
  # Near-duplicates are left out of the shortlist: bits, of 64, in which their perceptual hashes may differ, 0 to 64. A finer
  # hash confirms each match.
  nearDuplicateDistance: 6
  # Also those whose features, in the first model that has them, have at least this cosine similarity; 0.9, say. null: not asked.
  nearDuplicateCosine: null
  # Mode O only: kept if the model is at least this sure. 0 to 1.
  # minConfidence: 0.9
`;
