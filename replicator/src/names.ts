import { FreshetError, SqlState } from "@freshet/base";

/** What Freshet makes on the upstream, named after the instance. */
export interface InstanceNames {
  readonly instance: string;
  readonly slot: string;
  readonly publication: string;
  /** In schema `freshet`; run by both event triggers. */
  readonly ddlFunction: string;
  readonly ddlEndTrigger: string;
  readonly dropTrigger: string;
}

/** Prefix of the logical messages that are meant for Freshet. */
export const MESSAGE_PREFIX = "freshet";
/** Content (its beginning) of the message that the event triggers emit. */
export const DDL_MESSAGE = "ddl";
export const FRESHET_SCHEMA = "freshet";

export function instanceNames(instance: string): InstanceNames {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(instance)) {
    throw new FreshetError(SqlState.invalidParameterValue, `invalid instance name "${instance}"`, {
      hint: "Use up to 40 lower-case letters, digits and underscores, not beginning with a digit.",
    });
  }
  return {
    instance,
    slot: instance,
    publication: `${instance}_pub`,
    ddlFunction: `${instance}_ddl`,
    ddlEndTrigger: `${instance}_ddl_end`,
    dropTrigger: `${instance}_sql_drop`,
  };
}
