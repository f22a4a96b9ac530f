import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

/** The guides, in the order of the table of docs/README.md. */
const list = readFileSync(new URL('../../../../docs/README.md', import.meta.url), 'utf8');
const guides = Array.from(list.matchAll(/^\| \[(.+?)\]\((.+?)\.md\)/gm), ([, text = '', page = '']) => ({
  text,
  link: `/docs/${page}`,
}));

/** `npm run docs` makes a static site with search of all guides in `dist.docs/`. A link to a page that does not exist fails it. */
export default defineConfig({
  title: 'winnow',
  description: 'Builds adversarially filtered image test sets',
  srcDir: '../../..',
  outDir: '../../../dist.docs',
  cacheDir: '../../../node_modules/.cache/vitepress',
  srcExclude: ['{config,dist*,examples,test}/**', 'THIRD-PARTY-LICENSES.md'],
  rewrites: { 'README.md': 'index.md', 'docs/README.md': 'docs/index.md' },
  // Files beside the guides that are no pages.
  ignoreDeadLinks: [/^http:\/\/localhost/, /LICENSE/, /CITATION\.cff$/, /\/examples\//],
  themeConfig: {
    nav: [
      { text: 'Guides', link: '/docs/' },
      { text: 'Architecture', link: '/ARCHITECTURE' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
    sidebar: [{ text: 'Guides', items: guides }],
    outline: 'deep',
    search: { provider: 'local' },
  },
});
