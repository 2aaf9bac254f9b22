package org.simreg.coordinator.grpc.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.proto.JobRequest;
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
    private static final int SEARCHED = 10_000;

    private JobFinder() {}

    /**
     * The newest jobs, newest first.
     *
     * @param states those wanted; none: all
     * @param most jobs at most
     */
    public static List<JobStatus> newest(ApiClient client, Iterable<JobState> states, int most) {
        List<JobStatus> jobs = new ArrayList<>();
        ListRequest.Builder request = ListRequest.newBuilder();
        states.forEach(request::addStates);
        do {
            ListRequest page =
                    request.setPageSize(Math.min(PAGE, most - jobs.size())).build();
            ListResponse answer = client.ask(stub -> stub.list(page));
            jobs.addAll(answer.getJobsList());
            request.setPageToken(answer.getNextPageToken());
        } while (!request.getPageToken().isEmpty() && jobs.size() < most);
        return jobs;
    }

    /**
     * The job with this id, else the one with this name, else the one whose id or name begins with
     * the text; names are looked for among the newest {@value #SEARCHED} jobs.
     *
     * @throws UserError if it is none, or several
     */
    public static JobStatus find(ApiClient client, String asked) {
        Optional<JobStatus> exact = withId(client, asked);
        return exact.isPresent() ? exact.get() : named(asked, newest(client, List.of(), SEARCHED));
    }

    private static Optional<JobStatus> withId(ApiClient client, String id) {
        JobRequest request = JobRequest.newBuilder().setId(id).build();
        return client.ask(stub -> {
            try {
                return Optional.of(stub.get(request));
            } catch (StatusRuntimeException e) {
                Status.Code code = e.getStatus().getCode();
                if (code == Status.Code.NOT_FOUND || code == Status.Code.INVALID_ARGUMENT) {
                    return Optional.empty();
                }
                throw e;
            }
        });
    }

    private static JobStatus named(String asked, List<JobStatus> jobs) {
        List<Predicate<JobStatus>> ways = List.of(
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
