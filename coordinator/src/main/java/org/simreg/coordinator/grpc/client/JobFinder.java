package org.simreg.coordinator.grpc.client;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Nearest;
import org.simreg.proto.UserError;

/** The search for the job that a person means by an id or a name, among all of a coordinator. */
public final class JobFinder {
    private static final int PAGE = 500;
    private static final int SHOWN = 5;

    private JobFinder() {}

    /**
     * Every job, newest first.
     *
     * @param states those wanted; none: all
     */
    public static List<JobStatus> all(ApiClient client, Iterable<JobState> states) {
        List<JobStatus> jobs = new ArrayList<>();
        ListRequest.Builder request = ListRequest.newBuilder().setPageSize(PAGE);
        states.forEach(request::addStates);
        do {
            ListRequest page = request.build();
            ListResponse answer = client.ask(stub -> stub.list(page));
            jobs.addAll(answer.getJobsList());
            request.setPageToken(answer.getNextPageToken());
        } while (!request.getPageToken().isEmpty());
        return jobs;
    }

    /**
     * The job with this id, else the one with this name, else the one whose id or name begins with
     * the text.
     *
     * @throws UserError if it is none, or several
     */
    public static JobStatus find(ApiClient client, String asked) {
        List<JobStatus> jobs = all(client, List.of());
        List<Predicate<JobStatus>> ways = List.of(
                job -> job.getId().equals(asked),
                job -> job.getJob().getName().equals(asked),
                job -> job.getId().startsWith(asked) || job.getJob().getName().startsWith(asked));
        for (Predicate<JobStatus> way : ways) {
            List<JobStatus> meant = jobs.stream().filter(way).toList();
            if (meant.size() == 1) {
                return meant.get(0);
            }
            if (meant.size() > 1) {
                throw several(asked, meant);
            }
        }
        List<String> known = jobs.stream()
                .flatMap(job -> Stream.of(job.getId(), job.getJob().getName()))
                .toList();
        String hint = Nearest.hint(asked, known);
        String way = hint.isEmpty() ? "; 'simreg jobs' lists them" : hint;
        throw new UserError("There is no job '" + asked + "'" + way);
    }

    private static UserError several(String asked, List<JobStatus> meant) {
        String ids = meant.stream().limit(SHOWN).map(JobStatus::getId).collect(Collectors.joining(", "));
        String rest = meant.size() > SHOWN ? " and " + (meant.size() - SHOWN) + " more" : "";
        return new UserError("'" + asked + "' may be any of " + ids + rest + "; name one of them by its id");
    }
}
