package org.simreg.coordinator.view.web;

import com.google.gson.JsonObject;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.util.NetUtil;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.job.file.JobPaths;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.JobsGrpc.JobsStub;
import org.simreg.proto.PriorityRequest;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;

/**
 * The routes by which the page acts: submits, pauses, resumes, cancels and prioritizes jobs. Each is
 * a gRPC call within this JVM with the caller's token, so that rights and answers are those of every
 * client. The token comes as {@code Authorization: Bearer} only: what a browser sends by itself
 * (cookies, a password of the page) moves nothing, and the header {@value #REQUEST} makes a browser
 * ask us before another site's page may send one.
 */
public final class JobActions {
    /** Names a request, so that sending it again does nothing twice; wanted with every action. */
    static final String REQUEST = "Simreg-Request";

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final int LARGEST_NUMBER = 1024;
    private static final int MOST_SUBMITS = 4;
    private static final int SECONDS = 20;
    private static final int TOO_LARGE = 413;

    private final Vertx vertx;
    private final Optional<Gate> gate;
    private final Channel channel;
    private int submits;

    private JobActions(Vertx vertx, Optional<Gate> gate, Channel channel) {
        this.vertx = vertx;
        this.gate = gate;
        this.channel = channel;
    }

    /**
     * Adds the routes; on the server's event loop.
     *
     * @param gate that knows the tokens; empty: who sits at this machine may act, nobody else
     * @param channel to the coordinator's services in this JVM, which ask for the same tokens
     */
    public static void route(Vertx vertx, Router router, Optional<Gate> gate, Channel channel) {
        JobActions actions = new JobActions(vertx, gate, channel);
        BodyHandler small = BodyHandler.create(false).setBodyLimit(LARGEST_NUMBER);
        BodyHandler file = BodyHandler.create(false).setBodyLimit(JobFile.MOST_BYTES);
        router.get("/api/rights").handler(actions::rights);
        router.post("/api/jobs").handler(actions::admit);
        router.post("/api/jobs").handler(actions::bound);
        router.post("/api/jobs").handler(file).handler(actions::submit).failureHandler(JobActions::failed);
        router.post("/api/jobs/:id/:action").handler(actions::admit);
        router.post("/api/jobs/:id/:action").handler(small).handler(actions::act);
    }

    /** What the sender may do, for the page to show no button in vain. */
    private void rights(RoutingContext context) {
        HttpServerRequest request = context.request();
        JsonObject rights = new JsonObject();
        rights.addProperty("tokens", gate.isPresent());
        Gate.Powers powers = gate.map(one -> one.powers(request.getHeader(HttpHeaders.AUTHORIZATION)))
                .orElse(new Gate.Powers("", isHere(request), isHere(request)));
        rights.addProperty("name", powers.name());
        rights.addProperty("submits", powers.submits());
        rights.addProperty("operates", powers.operates());
        answer(context, 200, rights);
    }

    private void admit(RoutingContext context) {
        HttpServerRequest request = context.request();
        String site = request.getHeader("Sec-Fetch-Site");
        if (request.getHeader(REQUEST) == null || site != null && !site.equals("same-origin")) {
            refuse(context, 403, "Only this coordinator's own page may act: the header " + REQUEST + " is missing");
        } else if (gate.isEmpty() && !isHere(request)) {
            refuse(
                    context,
                    403,
                    "This coordinator asks for no tokens, so its page acts for browsers on its own machine only;"
                            + " start it with --tokens");
        } else if (gate.isPresent() && !Gate.isBearer(request.getHeader(HttpHeaders.AUTHORIZATION))) {
            refuse(context, 401, "To act needs a token; sign in with one that has the role submit or operate");
        } else {
            context.next();
        }
    }

    /** Whether a request comes from this machine, and by no proxy. */
    private static boolean isHere(HttpServerRequest request) {
        SocketAddress address = request.remoteAddress();
        byte[] bytes = address == null || address.hostAddress() == null
                ? null
                : NetUtil.createByteArrayFromIpAddressString(address.hostAddress());
        boolean forwarded = request.headers().contains("Forwarded")
                || request.headers().contains("X-Forwarded-For")
                || request.headers().contains("Via");
        try {
            return bytes != null && InetAddress.getByAddress(bytes).isLoopbackAddress() && !forwarded;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Keeps the memory of files that are being sent in bounds. */
    private void bound(RoutingContext context) {
        if (submits >= MOST_SUBMITS) {
            refuse(context, 503, MOST_SUBMITS + " jobs are being sent already; try again in a moment");
            return;
        }
        submits++;
        context.addEndHandler(ended -> submits--);
        context.next();
    }

    private void submit(RoutingContext context) {
        String text =
                context.body().buffer() == null ? "" : context.body().buffer().toString(StandardCharsets.UTF_8);
        String id = context.request().getHeader(REQUEST);
        vertx.executeBlocking(() -> job(text), false)
                .onSuccess(job -> call(context, (jobs, answer) -> {
                    SubmitRequest.Builder request = SubmitRequest.newBuilder().setJob(job);
                    jobs.submit(request.setRequestId(id).build(), answer);
                }))
                .onFailure(e -> {
                    if (e instanceof UserError) {
                        refuse(context, 400, e.getMessage());
                    } else {
                        context.fail(e);
                    }
                });
    }

    /**
     * The job that a text says.
     *
     * @throws UserError as {@code simreg submit} says it, or if a path is relative
     */
    static Job job(String text) {
        Job job = JobSettings.complete(JobFile.parse("of the page", text));
        Job.Builder others = job.toBuilder();
        // A relative run folder lies below the coordinator's home.
        others.getCheckpointsBuilder().setOutput("/");
        JobPaths.replaced(others.build(), JobActions::absolute);
        return job;
    }

    private static String absolute(String path) {
        if (!Path.of(path).isAbsolute()) {
            throw new UserError(
                    "The job is refused: '%s' is a relative path, and the page has no folder to take it from; write an absolute one, as coordinator and workers see it"
                            .formatted(path));
        }
        return path;
    }

    private void act(RoutingContext context) {
        JobRequest job = JobRequest.newBuilder().setId(context.pathParam("id")).build();
        switch (context.pathParam("action")) {
            case "pause" -> call(context, (jobs, answer) -> jobs.pause(job, answer));
            case "resume" -> call(context, (jobs, answer) -> jobs.resume(job, answer));
            case "cancel" -> call(context, (jobs, answer) -> jobs.cancel(job, answer));
            case "priority" ->
                priority(context)
                        .ifPresentOrElse(
                                number -> call(
                                        context,
                                        (jobs, answer) -> jobs.setPriority(
                                                PriorityRequest.newBuilder()
                                                        .setId(job.getId())
                                                        .setPriority(number)
                                                        .build(),
                                                answer)),
                                () -> refuse(context, 400, "priority: is no whole number; choose 0 to 1000"));
            default -> refuse(context, 404, "A job can be told to pause, resume, cancel or priority.");
        }
    }

    private static void failed(RoutingContext context) {
        if (context.statusCode() == TOO_LARGE) {
            refuse(context, TOO_LARGE, "The job file of the page is too large to be a job");
        } else {
            context.next();
        }
    }

    private static Optional<Integer> priority(RoutingContext context) {
        String text = context.body().asString();
        return text != null && text.strip().matches("[0-9]{1,9}")
                ? Optional.of(Integer.parseInt(text.strip()))
                : Optional.empty();
    }

    private void call(RoutingContext context, BiConsumer<JobsStub, StreamObserver<JobStatus>> call) {
        Metadata headers = new Metadata();
        String authorization = context.request().getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization != null) {
            headers.put(AUTHORIZATION, authorization);
        }
        JobsStub jobs = JobsGrpc.newStub(channel)
                .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
        call.accept(jobs, new Answer(context, Vertx.currentContext()));
    }

    /** The answer to one call, told to the browser on its connection's context. */
    private record Answer(RoutingContext request, Context context) implements StreamObserver<JobStatus> {
        @Override
        public void onNext(JobStatus status) {
            context.runOnContext(nothing -> answer(request, 200, OverviewJson.job(status)));
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            String said = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
            context.runOnContext(nothing -> refuse(request, code(status), said));
        }

        @Override
        public void onCompleted() {}
    }

    private static int code(Status status) {
        return switch (status.getCode()) {
            case INVALID_ARGUMENT -> 400;
            case UNAUTHENTICATED -> 401;
            case PERMISSION_DENIED -> 403;
            case NOT_FOUND -> 404;
            case FAILED_PRECONDITION, ALREADY_EXISTS -> 409;
            case RESOURCE_EXHAUSTED -> 429;
            case UNAVAILABLE, DEADLINE_EXCEEDED -> 503;
            default -> 500;
        };
    }

    private static void refuse(RoutingContext context, int code, String sentence) {
        JsonObject error = new JsonObject();
        error.addProperty("error", sentence);
        answer(context, code, error);
    }

    private static void answer(RoutingContext context, int code, JsonObject json) {
        if (context.response().ended()) {
            return;
        }
        context.response()
                .setStatusCode(code)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(json.toString());
    }
}
