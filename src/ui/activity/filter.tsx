/** @jsxRuntime automatic @jsxImportSource preact */

export interface FilterProps {
  /** The chosen value of each field; '' means no filter. */
  readonly chosen: Readonly<Record<'action' | 'who' | 'collection' | 'since', string>>;
  readonly actions: readonly string[];
  readonly people: readonly string[];
  readonly collections: readonly string[];
}

const TIMES = { '24h': 'the last day', '7d': 'the last week', '30d': 'the last 30 days' };

export function Filter({ chosen, actions, people, collections }: FilterProps) {
  const isFiltered = Object.values(chosen).some((value) => value !== '');
  return (
    <form class="filter" method="get" action="/activity" aria-label="Filter">
      <Choice label="Activity" name="action" all="every activity" {...optionsOf(actions, chosen.action)} />
      <Choice label="Who" name="who" all="everybody" {...optionsOf(people, chosen.who)} />
      <Choice
        label="Collection"
        name="collection"
        all="every collection"
        {...optionsOf(collections, chosen.collection)}
      />
      <Choice label="Since" name="since" all="the beginning" {...optionsOf(Object.keys(TIMES), chosen.since)} />
      <button>Show</button>
      {isFiltered ? <a href="/activity">Show all</a> : null}
    </form>
  );
}

/** Keeps a value from the URL in the list, even if no recent line has it. */
function optionsOf(values: readonly string[], chosen: string): Pick<ChoiceProps, 'values' | 'chosen'> {
  return { values: chosen === '' || values.includes(chosen) ? values : [chosen, ...values], chosen };
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly all: string;
  readonly values: readonly string[];
  readonly chosen: string;
}

function Choice({ label, name, all, values, chosen }: ChoiceProps) {
  const texts: Readonly<Record<string, string>> = name === 'since' ? TIMES : {};
  return (
    <label>
      {label}
      <select name={name}>
        <option value="">{all}</option>
        {values.map((value) => (
          <option key={value} value={value} selected={value === chosen}>
            {texts[value] ?? value}
          </option>
        ))}
      </select>
    </label>
  );
}
