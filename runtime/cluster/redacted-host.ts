import type { Redactor } from '../observe/redactor.ts';
import type { TaskHandle, TaskHost, TaskSpec, TaskView } from '../task/host.ts';

/** The host, with secrets hidden in all that its tasks say of themselves (I9); tasks are told which ones they carry. */
export function redactedHost(host: TaskHost, redactor: Redactor): TaskHost {
  const seen = new WeakMap<TaskView, TaskView>();
  const shown = (view: TaskView): TaskView => {
    const known = seen.get(view);
    if (known !== undefined) return known;
    const hidden = hiddenView(view, redactor);
    seen.set(view, hidden);
    return hidden;
  };
  return {
    start(spec: TaskSpec, changed: (view: TaskView) => void): TaskHandle {
      const secrets = new Set(Object.values(spec.config).flatMap((value) => redactor.knownIn(value)));
      const handle = host.start({ ...spec, secrets: [...secrets] }, (view) => changed(shown(view)));
      return {
        spec: handle.spec,
        view: () => shown(handle.view()),
        pause: () => handle.pause(),
        resume: () => handle.resume(),
        stop: (deadlineMs) => handle.stop(deadlineMs),
      };
    },
    close: () => host.close(),
  };
}

/** Texts only: numbers tell no secret, and there are many. */
function hiddenView(view: TaskView, redactor: Redactor): TaskView {
  const { failure, restart, profile } = view;
  const idle = profile?.idle ?? null;
  const texts = (map: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(map).map(([key, text]) => [key, redactor.hide(text)]));
  return {
    ...view,
    stage: redactor.hide(view.stage),
    info: texts(view.info),
    warnings: texts(view.warnings),
    ...(profile === undefined || idle === null ? {} : { profile: { ...profile, idle: redactor.hide(idle) } }),
    ...(failure === undefined ? {} : { failure: redactor.hideFields({ ...failure }) as unknown as typeof failure }),
    ...(restart === undefined ? {} : { restart: { ...restart, trace: redactor.hide(restart.trace) } }),
  };
}
