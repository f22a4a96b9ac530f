/**
 * The 16 factors of ImageNet-X (Idrissi et al. 2022), then failure modes of section 3.2 of the paper that ImageNet-X
 * does not name.
 */
export const FAILURE_TAGS = [
  'pose',
  'background',
  'pattern',
  'color',
  'smaller',
  'shape',
  'partial_view',
  'subcategory',
  'texture',
  'larger',
  'darker',
  'object_blocking',
  'person_blocking',
  'style',
  'brighter',
  'multiple_objects',
  'overgeneralisation',
  'background_cue',
  'co_occurrence',
  'color_texture',
] as const;
