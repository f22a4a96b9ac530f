import type { ComponentChildren } from 'preact';

interface CalmProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly links?: Readonly<Record<string, string>>;
}

/** A page without a photo: what is so, and where to go. */
export function Calm({ title, children, links }: CalmProps) {
  return (
    <div class="calm">
      <h1>{title}</h1>
      {children === undefined ? null : <p>{children}</p>}
      {links === undefined ? null : (
        <ul>
          {Object.entries(links).map(([text, href]) => (
            <li key={text}>
              <a href={href}>{text}</a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
