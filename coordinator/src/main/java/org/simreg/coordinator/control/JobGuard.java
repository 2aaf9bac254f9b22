package org.simreg.coordinator.control;

import java.util.Map;
import org.simreg.coordinator.job.JobRun;
import org.simreg.proto.JobState;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** The guard around work on one job: if that fails, the job fails and no other. */
final class JobGuard {
    private static final Logger LOG = LoggerFactory.getLogger(JobGuard.class);

    private final WorkerRegistry registry;

    JobGuard(WorkerRegistry registry) {
        this.registry = registry;
    }

    /** Does something for a job; if it can't be done, the job fails. */
    void with(JobRun run, Runnable action) {
        Map<String, String> before = MDC.getCopyOfContextMap();
        MDC.put("job", run.id());
        MDC.put("generation", String.valueOf(run.record().getGeneration().getNumber()));
        try {
            action.run();
        } catch (UserError e) {
            fail(run, e.getMessage(), false);
        } catch (RuntimeException e) {
            LOG.error("The job {} can't go on", run.id(), e);
            fail(run, "The coordinator failed at the job %s: %s".formatted(run.id(), e), false);
        } finally {
            MDC.setContextMap(before == null ? Map.of() : before);
        }
    }

    /**
     * Ends a job.
     *
     * @param refused whether its own settings or files are at fault
     */
    void fail(JobRun run, String reason, boolean refused) {
        registry.of(run).forEach(session -> session.drop(run, reason));
        try {
            if (refused) {
                run.save(run.record().toBuilder().setRefused(true));
            }
            run.become(JobState.FAILED, reason);
        } catch (RuntimeException e) {
            // Its folder is what failed, as on a full disk: the record at least must tell.
            LOG.error("The end of the job {} can't be written to its folder", run.id(), e);
            run.failWithoutFolder(reason);
        }
    }
}
