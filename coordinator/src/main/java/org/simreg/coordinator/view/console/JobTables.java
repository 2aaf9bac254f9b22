package org.simreg.coordinator.view.console;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.WorkerStatus;

/** Tables and sentences about jobs, workers and their wanted number, as text for people. */
public final class JobTables {
    private JobTables() {}

    /**
     * A line for each job, in the order given.
     *
     * @param reasons whether each line ends with its best student and why the job is in its state
     * @param nowMs milliseconds since 1970, for ages
     */
    public static String jobs(List<JobStatus> jobs, boolean reasons, long nowMs) {
        List<String> heads = List.of("ID", "NAME", "STATE", "STEP", "EPOCH", "LOSS", "WORKERS", "AGE");
        Table table = new Table(with(heads, reasons, "BEST", "REASON"));
        for (JobStatus job : jobs) {
            List<String> cells = List.of(
                    job.getId(),
                    job.getJob().getName(),
                    lower(job.getState()),
                    job.getTotalSteps() == 0 ? "-" : steps(job),
                    job.getStep() == 0 ? "-" : Numbers.count(job.getEpoch()),
                    job.getStep() == 0 ? "-" : Numbers.loss(job.getLoss()),
                    Numbers.count(job.getWorkersCount()),
                    age(nowMs - job.getSubmittedMs()));
            table.row(with(cells, reasons, best(job), reason(job)));
        }
        return table.text();
    }

    /**
     * "trains on w0; helped by w1 (60 %), w2 (40 %, teacher 2)", of the features that steps needed lately; teachers count
     * from 1.
     */
    private static String reason(JobStatus job) {
        String helpers = job.getHelpersList().stream()
                .map(helper -> "%s (%d %%%s)"
                        .formatted(helper.getWorker(), Math.round(100 * helper.getShare()), teachers(helper)))
                .collect(Collectors.joining(", "));
        return helpers.isEmpty() ? job.getReason() : job.getReason() + "; helped by " + helpers;
    }

    private static String teachers(JobStatus.Helper helper) {
        String numbers = helper.getTeachersList().stream()
                .map(teacher -> Numbers.count(teacher + 1))
                .collect(Collectors.joining(" + "));
        return numbers.isEmpty() ? "" : (helper.getTeachersCount() == 1 ? ", teacher " : ", teachers ") + numbers;
    }

    /** How many workers are wanted and why, and on a second line the bounds. */
    public static String scale(ScaleStatus scale) {
        String now = "%d wanted, %d attend: %s%n".formatted(scale.getWanted(), scale.getAttending(), scale.getReason());
        String set = scale.getSet() ? ", set by 'simreg scale'; --reset takes it back" : "";
        return now + "at least %d, at most %d".formatted(scale.getMin(), scale.getMax()) + set;
    }

    /**
     * A line for each worker, in the order given.
     *
     * @param reasons whether each line ends with the numeric profile and why it isn't used; of broken ones that is said
     *     below in any case
     * @param nowMs milliseconds since 1970, for ages
     */
    public static String workers(List<WorkerStatus> workers, boolean reasons, long nowMs) {
        List<String> heads = List.of("WORKER", "STATE", "JOB", "MICRO-BATCHES", "DEVICE", "SINCE", "HEARD");
        Table table = new Table(with(heads, reasons, "PROFILE", "REASON"));
        for (WorkerStatus worker : workers) {
            List<String> cells = List.of(
                    worker.getWorker(),
                    lower(worker.getState()),
                    worker.getJob().isEmpty() ? "-" : worker.getJob(),
                    share(worker),
                    worker.getDevice(),
                    age(nowMs - worker.getSinceMs()),
                    age(worker.getSilentMs()) + " ago");
            table.row(with(cells, reasons, worker.getProfile(), worker.getReason()));
        }
        String broken = workers.stream()
                .filter(worker -> !reasons && worker.getState() == WorkerStatus.State.BROKEN)
                .map(worker -> "%s: %s%n".formatted(worker.getWorker(), worker.getReason()))
                .collect(Collectors.joining());
        return table.text() + broken;
    }

    /** "job-1 (resnet18-photos) is queued: needs 1 worker, none attends". */
    public static String state(JobStatus job) {
        String name = job.getId() + " (" + job.getJob().getName() + ") is " + lower(job.getState());
        return job.getReason().isEmpty() ? name : name + ": " + job.getReason();
    }

    private static String[] with(List<String> cells, boolean more, String... last) {
        List<String> all = new ArrayList<>(cells);
        if (more) {
            all.addAll(List.of(last));
        }
        return all.toArray(String[]::new);
    }

    private static String best(JobStatus job) {
        return job.hasBest()
                ? "%s (%d-NN, epoch %s)"
                        .formatted(
                                Numbers.percent(job.getBest().getAccuracy()),
                                job.getBest().getK(),
                                Numbers.count(job.getBest().getEpoch()))
                : "-";
    }

    private static String steps(JobStatus job) {
        return Numbers.count(job.getStep()) + "/" + Numbers.count(job.getTotalSteps());
    }

    private static String share(WorkerStatus worker) {
        if (worker.getTeachers() != 0) {
            return "only helps";
        }
        int first = worker.getFirst();
        int last = first + worker.getCount() - 1;
        return switch (worker.getCount()) {
            case 0 -> "-";
            case 1 -> Numbers.count(first);
            default -> first + "-" + last;
        };
    }

    private static String age(long ms) {
        return Numbers.duration(Duration.ofMillis(Math.max(0, ms)));
    }

    private static String lower(Enum<?> state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
