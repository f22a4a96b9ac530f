import packageJson from '../../package.json' with { type: 'json' };

/** The version of winnow. */
export const { version } = packageJson;
