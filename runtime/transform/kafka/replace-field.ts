import { option, optionSet, parseOptions, type RawConfig } from '../../connector/options.ts';
import type { Value } from '../../record/value.ts';
import { replaceNull } from './replace-null-option.ts';
import { fieldPath, fieldSyntax, syntaxOf } from '../field-path.ts';
import { isMap } from '../java-class.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { byPlans, sideEdit } from '../side-edit.ts';
import { sideOf } from '../side.ts';
import { pathTree, planStruct, type FieldVisitor, type PathTree, type StructPlan } from '../struct-plan.ts';
import { wrongOption } from '../transform-error.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import type { TransformKind } from '../transform.ts';

const PURPOSE = 'field replacement';

const options = optionSet('ReplaceField', {
  exclude: option.list({ doc: 'Fields to leave out. Counts before include.', default: [] }),
  include: option.list({ doc: 'Fields to keep; with none, all are kept.', default: [] }),
  renames: option.list({ doc: 'Fields to rename, as old:new. The new name has no path.', default: [] }),
  ...replaceNull,
  ...fieldSyntax,
});

interface Rule {
  excluded?: boolean;
  included?: boolean;
  renamed?: string;
}

export const replaceField: TransformKind = {
  name: 'ReplaceField',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Leaves fields out, keeps only some, or renames them.',
  options,
  sided: true,
  create: (config, name) => {
    const { 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    const tree = rules(config);
    const side = sideOf(name);
    const plans = new SchemaMemo<StructPlan>((schema) => {
      return planStruct(schema, visitor(tree), { replaceNull: withDefaults });
    });
    return sideEdit({ ...byPlans(side, PURPOSE, plans), ofMap: editor(tree) });
  },
};

function rules(config: RawConfig): PathTree<Rule> {
  const { exclude, include, renames } = parseOptions(options, config);
  const syntax = syntaxOf(config);
  const byPath = new Map<string, Rule>();
  const rule = (text: string): Rule => {
    const known = byPath.get(text) ?? {};
    byPath.set(text, known);
    return known;
  };
  for (const text of exclude) rule(text).excluded = true;
  for (const text of include) rule(text).included = true;
  for (const mapping of renames) {
    const [from = '', to, more] = mapping.split(':');
    if (to === undefined || more !== undefined) {
      const message = `Invalid value [${renames.join(', ')}] for configuration renames: Invalid rename mapping: ${mapping}`;
      throw wrongOption('renames', message, 'Write renames as old:new, old2:new2.');
    }
    rule(from).renamed = to;
  }
  return pathTree([...byPath].map(([text, own]) => [fieldPath(text, syntax, 'exclude'), own]));
}

/** Whether something at or below the node is to be kept alone. */
function includes(node: PathTree<Rule>): boolean {
  return node.at?.included === true || [...node.below.values()].some(includes);
}

interface Level {
  readonly node: PathTree<Rule>;
  /** Only what is included is kept here. */
  readonly selective: boolean;
}

function levelOf(node: PathTree<Rule>): Level {
  return { node, selective: [...node.below.values()].some(includes) };
}

function visitor(tree: PathTree<Rule>): FieldVisitor {
  const { node, selective } = levelOf(tree);
  return ({ name }) => {
    const below = node.below.get(name);
    if (below === undefined) return selective ? null : undefined;
    if (below.at?.excluded === true || (selective && !includes(below))) return null;
    const renamed = below.at?.renamed;
    if (below.below.size > 0 && renamed === undefined) return visitor(below);
    return renamed === undefined ? undefined : { name: renamed };
  };
}

type EditMap = (map: ReadonlyMap<Value, Value>) => ReadonlyMap<Value, Value>;

function editor(tree: PathTree<Rule>): EditMap {
  const { node, selective } = levelOf(tree);
  const inner = new Map([...node.below].filter(([, { below }]) => below.size > 0).map(([k, v]) => [k, editor(v)]));
  return (map) => {
    const made = new Map<Value, Value>();
    for (const [name, value] of map) {
      const below = typeof name === 'string' ? node.below.get(name) : undefined;
      if (selective && (below === undefined || !includes(below))) continue;
      if (below?.at?.excluded === true) continue;
      const edit = typeof name === 'string' ? inner.get(name) : undefined;
      made.set(below?.at?.renamed ?? name, edit !== undefined && isMap(value) ? edit(value) : value);
    }
    return made;
  };
}
