export function wrongOf(cases: readonly (readonly [isWrong: boolean, problem: string])[]): string[] {
  return cases.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}
