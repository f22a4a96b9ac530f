import * as z from 'zod';

/** The classes that training photos were gathered for. `web`: photos of anything that a crawl found. */
const TRAINING_CLASSES = ['imagenet-1k', 'imagenet-21k', 'web', 'other', 'unknown'] as const;

const oneClasses = z.enum(TRAINING_CLASSES);

/** The photos that a model was trained on. `until`: none of them is newer; a year, month or day. */
export const trainingDataSchema = z.strictObject({
  name: z.string().trim().min(1).describe('the name of the data set, or unknown'),
  until: z
    .string()
    .regex(/^(\d{4}(-\d\d){0,2}|unknown)$/)
    .describe("a date in quotes, such as '2021', '2021-01' or '2021-01-05', or unknown"),
  classes: z
    .union([oneClasses.transform((one) => [one]), z.array(oneClasses).min(1)])
    .describe(`one or a list of ${TRAINING_CLASSES.join(', ')}`),
});

export type TrainingData = Readonly<z.output<typeof trainingDataSchema>>;
