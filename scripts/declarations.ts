import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import * as z from 'zod';
import * as core from '../src/core/library/options.ts';
import * as measure from '../src/measure/library/options.ts';
import { optionMembers } from './option-members.ts';

const SOURCES = path.resolve(import.meta.dirname, '../src');

/** A name in a file. Paths are below src/. */
interface Name {
  readonly file: string;
  readonly name: string;
}

interface Declarations {
  /** Several for an overloaded function. */
  readonly declared: ReadonlyMap<string, readonly ts.Statement[]>;
  /** By the name in this file. Null for a name of a package. */
  readonly imported: ReadonlyMap<string, Name | null>;
  readonly statements: readonly ts.Statement[];
  readonly kept: Set<ts.Statement>;
  readonly keptImports: Map<string, Name>;
}

/**
 * The declaration files of what a file of src/ exports, by path below src/. Each has only what the entry needs, because others name
 * types of packages that bring none.
 *
 * @throws Error if a type that is needed is not stated where it is declared, or is of a package
 */
export function declarationsOf(entry: string): ReadonlyMap<string, string> {
  const files = new Map<string, Declarations>();
  const open: Name[] = [];
  const opened = (file: string): Declarations => {
    const one = files.get(file) ?? readDeclarations(file);
    files.set(file, one);
    return one;
  };
  const keep = (file: string, statement: ts.Statement): void => {
    const { kept } = opened(file);
    if (kept.has(statement)) return;
    kept.add(statement);
    open.push(...namesIn(file, statement));
  };
  for (const statement of opened(entry).statements) keep(entry, statement);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { file, name } = next;
    const { declared, imported, keptImports } = opened(file);
    for (const statement of declared.get(name) ?? []) keep(file, statement);
    const from = imported.get(name);
    if (from === undefined || keptImports.has(name)) continue;
    if (from === null) throw new Error(`Expected no type of a package in the library but src/${file} has ${name}`);
    keptImports.set(name, from);
    open.push(from);
  }
  return new Map([...files].map(([file, one]) => [file.replace(/\.tsx?$/, '.d.ts'), textOf(file, one)]));
}

function readDeclarations(file: string): Declarations {
  const compilerOptions = { target: ts.ScriptTarget.ES2023, stripInternal: true };
  const source = withOptions(readFileSync(path.join(SOURCES, file), 'utf8'));
  const { outputText } = ts.transpileDeclaration(source, { fileName: file, compilerOptions });
  // TypeScript 6 writes a member with a computed name twice: as a property, and as it is.
  const text = outputText.replaceAll(/^ *\[Symbol\.\w+\]: .*\n/gm, '');
  const declared = new Map<string, ts.Statement[]>();
  const imported = new Map<string, Name | null>();
  const statements: ts.Statement[] = [];
  for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true).statements) {
    if (ts.isImportDeclaration(statement)) {
      const from = fileOf(file, statement);
      const named = statement.importClause?.namedBindings;
      for (const one of named !== undefined && ts.isNamedImports(named) ? named.elements : [])
        imported.set(one.name.text, from === null ? null : { file: from, name: (one.propertyName ?? one.name).text });
      continue;
    }
    statements.push(statement);
    for (const name of namesOf(statement)) declared.set(name, [...(declared.get(name) ?? []), statement]);
  }
  return { declared, imported, statements, kept: new Set(), keptImports: new Map() };
}

const SCHEMAS: Readonly<Record<string, unknown>> = { ...core, ...measure };
const OPTIONS_OF = /^(?<before>export interface .*?) ?(?:extends|,) OptionsOf<typeof (?<name>\w+)> \{(?<own>[^}]*)/gm;

/** Writes the members of interfaces that take them from a schema, of which the package has none. */
function withOptions(source: string): string {
  return source.replaceAll(OPTIONS_OF, (...match) => {
    const { before, name = '', own = '' }: Record<string, string> = match.at(-1);
    const schema = SCHEMAS[name];
    if (!(schema instanceof z.ZodObject)) throw new Error(`Expected a schema ${name} among the options of the library`);
    return `${before} {${own}\n  ${optionMembers(schema, (member) => own.includes(`readonly ${member}:`))}\n`;
  });
}

/** Null for a package. */
function fileOf(file: string, { moduleSpecifier }: ts.ImportDeclaration | ts.ExportDeclaration): string | null {
  const from = moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : '';
  return from.startsWith('.') ? path.join(path.dirname(file), from) : null;
}

/** The names that a statement declares. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const isNamed =
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isFunctionDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
}

/** The names that a statement uses, in its own file or in the file from which it exports. */
function namesIn(file: string, statement: ts.Statement): Name[] {
  const from = ts.isExportDeclaration(statement) ? fileOf(file, statement) : null;
  const names: Name[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword)
      throw new Error(`Expected the types of ${namesOf(statement).join()} in src/${file} to be stated`);
    if (ts.isIdentifier(node)) names.push({ file: from ?? file, name: node.text });
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return names;
}

function textOf(file: string, { kept, keptImports, statements }: Declarations): string {
  const imports = [...keptImports].map(([name, from]) => {
    const place = path.relative(path.dirname(file), from.file);
    const what = from.name === name ? name : `${from.name} as ${name}`;
    return `import type { ${what} } from '${place.startsWith('.') ? place : `./${place}`}';\n`;
  });
  const own = statements.filter((statement) => kept.has(statement)).map((statement) => statement.getFullText().trim());
  return [...imports, ...own].join('\n').replaceAll(/ from '(\..*)\.ts';/g, " from '$1.js';");
}
