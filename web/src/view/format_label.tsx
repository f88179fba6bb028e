/** What stands on a button that saves a file. */

import { Icon } from "./icon";

export function FormatLabel({ name, about }: { name: string; about: string }) {
  return (
    <>
      <Icon name="save" size={17} />
      <span>
        {name}
        <small>{about}</small>
      </span>
    </>
  );
}
