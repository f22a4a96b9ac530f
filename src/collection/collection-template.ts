import { quote } from '../config/quote.ts';
import { expectedOf } from '../config/schema-problems.ts';
import { UsageError } from '../kernel/errors.ts';
import type { ClassRow } from './class-table.ts';
import { nameSchema } from './name.ts';

/** The classes of a new file if the user gave none. */
const EXAMPLE_CLASSES = `
  - n02268443 # dragonfly
  - n02279972 # monarch butterfly
  - { wnid: n02206856, name: honeybee } # a name of your own choice`;

/**
 * The text of a new collection file that explains every key. `winnow collection init NAME` writes it.
 *
 * @param classes the classes to collect; if empty, the file gets examples
 * @throws UsageError `bad-collection-name`
 */
export function collectionTemplate(name: string, classes: readonly Pick<ClassRow, 'wnid' | 'name'>[] = []): string {
  const lines = classes.map((row) => `\n  - ${row.wnid} # ${row.name}`).join('');
  if (!nameSchema.safeParse(name).success) {
    throw new UsageError(`Expected ${expectedOf(nameSchema)} for a new collection but received ${quote(name)}`, {
      code: 'bad-collection-name',
    });
  }
  return `# A collection says which classes to collect, where photos come from, and which photos the filter drops.
# \`winnow collection check ${name}\` reports mistakes. Only name and classes are required.

# Must be the name of this file. Decisions, shortlists and exports are filed under it.
name: ${name}

# A: keep photos that the models mislabel, as ImageNet-A does.
# O: keep photos that show none of the 1,000 classes although a model is sure of one, as ImageNet-O does (one model, no mask).
mode: A

# The classes to collect: wnids or names, or the name of a list (imagenet-a, imagenet-o, imagenet-1k), or the path of a file with
# one class a line (# starts a comment), relative to this file. \`winnow classes find\` finds wnids and names. Your own class,
# {wnid: my-id, name: "my class"}, needs a model that knows it.
classes:${lines === '' ? EXAMPLE_CLASSES : lines}

# The classes that the models choose among, given in the same three ways. The list must contain all of \`classes\`, and should
# contain others that a model can confuse them with. The more classes it has, the more photos are kept. Without this key the models
# choose among \`classes\` only, as in the paper, which has 200. Each model must know all of the classes. In mode O the key has no
# effect: a model always chooses among all classes that it knows.
among: imagenet-1k

# Mode O only: what the photos show, by WordNet id or name. None may be a class of ImageNet-1k. any: the names of the folders.
# concepts: any

# Mode O only: whether to accept concepts that stand above some of the 1,000 classes (dog, truck). By default they are refused,
# because a photo of such a concept may show one of the classes.
# allowHypernyms: false

# A file of search queries per class, one JSON object a line, as config/classes/README.md describes. Folders do not need it.
# queries: config/classes/queries-imagenet-a.jsonl

# Where photos come from: folder, inaturalist, flickr, duckduckgo.
sources: [folder]

# The licences that a photo may have: any, or a list of SPDX ids, Public-Domain, all-rights-reserved, and unknown (for photos whose
# source states no licence), as in [CC0-1.0, CC-BY-4.0, Public-Domain].
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
  # A photo is dropped if a model's p of the class that it was searched as is above this. Between 0 and 1. The paper uses 0.15.
  threshold: 0.15
  # max: one crop is enough to drop a photo. mean: the mean over a model's ten crops decides.
  aggregation: max
  # any: one model is enough to drop a photo. all: all of them must agree.
  members: any
  # How many photos of one confusion (class searched as -> predicted class) the shortlist of a class may have.
  cap: 15
  # The shortlist leaves out near-duplicates: photos whose 64-bit perceptual hashes differ in at most this many bits, 0 to 64. A
  # finer hash confirms each match.
  nearDuplicateDistance: 6
  # Photos are also near-duplicates if their features have at least this cosine similarity (0.9, for example). The first model that
  # has features gives them. null: features are not compared.
  nearDuplicateCosine: null
  # Mode O only: a photo is kept if the model's confidence is at least this. 0 to 1.
  # minConfidence: 0.9
`;
