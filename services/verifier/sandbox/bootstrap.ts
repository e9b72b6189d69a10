import { DESCRIPTORS } from './room.ts';

/** What the first process inside writes to standard error when it cannot begin or cannot end its job. */
export const BOOTSTRAP_FAULTS = {
  unpack: 'oa-sandbox: the workspace does not fit',
  pack: 'oa-sandbox: the workspace cannot be kept',
} as const;

export const BOOTSTRAP_FAULT_EXIT_CODE = 125;

/**
 * Runs as the unprivileged uid, before any code of the repository: unpacks the workspace, runs the command line in
 * `repo/` with both outputs in one stream, packs the workspace again where it is wanted. Variables of the harness are
 * set for the command alone, so that none of them (LD_PRELOAD, ENV) reaches a program that still has a privilege.
 *
 * Arguments: workspace, descriptors to unpack, `pack` or empty, command line, then NAME=value.
 */
export const BOOTSTRAP = `
workspace=$1 unpack=$2 pack=$3 command=$4
shift 4
mkdir -p "$workspace/repo" "$workspace/home" || exit ${BOOTSTRAP_FAULT_EXIT_CODE}
for descriptor in $unpack; do
  eval "tar -xf - --no-same-owner -C \\"\\$workspace\\" <&$descriptor" || {
    echo '${BOOTSTRAP_FAULTS.unpack}' >&2
    exit ${BOOTSTRAP_FAULT_EXIT_CODE}
  }
done
cd "$workspace/repo" || exit ${BOOTSTRAP_FAULT_EXIT_CODE}
env -- "$@" /bin/sh -c "$command" </dev/null 2>&1 ${closed([3, 4, 5, 6, 7])}
code=$?
if [ -n "$pack" ]; then
  cd / && tar -cf - -C "$workspace" repo home >&${DESCRIPTORS.pack} || {
    echo '${BOOTSTRAP_FAULTS.pack}' >&2
    exit ${BOOTSTRAP_FAULT_EXIT_CODE}
  }
fi
exit $code
`;

function closed(descriptors: readonly number[]): string {
  return descriptors.map((descriptor) => `${descriptor}<&-`).join(' ');
}

export function bootstrapCommand(job: {
  workspace: string;
  unpackCount: number;
  pack: boolean;
  command: string;
  env: Readonly<Record<string, string>>;
}): string[] {
  const descriptors = [DESCRIPTORS.unpackFirst, DESCRIPTORS.unpackSecond].slice(0, job.unpackCount);
  return [
    '/bin/sh',
    '-c',
    BOOTSTRAP,
    'bootstrap',
    job.workspace,
    descriptors.join(' '),
    job.pack ? 'pack' : '',
    job.command,
    ...Object.entries(job.env).map(([name, value]) => `${name}=${value}`),
  ];
}
