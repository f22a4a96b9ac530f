/** Moments at which a command is killed that are tried unless WINNOW_TEST_KILLS asks for more. */
const USUAL = 3;

/** Some moments out of a list, spread over it: as many as WINNOW_TEST_KILLS says. */
export function momentsOf<Moment>(moments: readonly Moment[]): Moment[] {
  const wanted = Number(process.env['WINNOW_TEST_KILLS'] ?? USUAL);
  return moments.filter(
    (_, i) => Math.floor((i * wanted) / moments.length) !== Math.floor(((i - 1) * wanted) / moments.length),
  );
}
