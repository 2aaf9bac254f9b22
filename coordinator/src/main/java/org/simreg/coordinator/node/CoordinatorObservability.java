package org.simreg.coordinator.node;

import io.grpc.Channel;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.coordinator.view.observe.Health;
import org.simreg.coordinator.view.observe.JobMeters;
import org.simreg.coordinator.view.observe.Meters;
import org.simreg.coordinator.view.observe.Surveyor;
import org.simreg.coordinator.view.observe.TrackedStore;
import org.simreg.coordinator.view.web.BankPictures;
import org.simreg.coordinator.view.web.JobActions;
import org.simreg.coordinator.view.web.OpsRoutes;
import org.simreg.coordinator.view.web.PageRoutes;
import org.simreg.coordinator.view.web.WebServer;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;

/** The metrics, health and page of a coordinator, served by gRPC and HTTP. */
final class CoordinatorObservability implements AutoCloseable {
    private static final long HEALTH_MS = 500;
    private static final long SURVEY_MS = 1000;
    private static final Duration BUSY = Duration.ofSeconds(5);
    private static final Duration STUCK = Duration.ofSeconds(60);

    private final Meters meters = new Meters();
    private final JobMeters jobs = new JobMeters(meters);
    private final Health health = new Health();
    private Surveyor surveyor;
    private Optional<IntSupplier> wanted = Optional.empty();
    private BankPictures search = BankPictures.NONE;

    /** The observer that counts what happens to the jobs. */
    JobMeters jobs() {
        return jobs;
    }

    Meters meters() {
        return meters;
    }

    /**
     * Shows the wanted number of workers.
     *
     * @param workers must answer at once, on any thread
     */
    void wanted(IntSupplier workers) {
        meters.wanted(workers);
        wanted = Optional.of(workers);
        health.ready("scaler", Optional::empty);
    }

    private OptionalInt wanted() {
        return wanted.map(count -> OptionalInt.of(count.getAsInt())).orElse(OptionalInt.empty());
    }

    /**
     * Begins to survey a coordinator every second, and to check its health.
     *
     * @param member whether the process is a member of the cluster still
     */
    void watch(Vertx vertx, CoordinatorServices services, TrackedStore store, BooleanSupplier member) {
        surveyor = new Surveyor(() -> services.ask(ClusterSurvey::of).toCompletionStage());
        surveyor.bindTo(meters);
        surveyor.survey();
        vertx.setPeriodic(SURVEY_MS, timer -> surveyor.survey());
        health.live("jobs", () -> late(STUCK))
                .ready("jobs", () -> late(BUSY))
                .ready("workers", () -> late(BUSY))
                .ready("journal", store::trouble)
                .ready("files", services::fileTrouble)
                .ready("hazelcast", () -> absent(member));
    }

    private Optional<String> late(Duration most) {
        Duration age = surveyor.age();
        return age.compareTo(most) < 0
                ? Optional.empty()
                : Optional.of("the coordinator's thread has not answered for %d s".formatted(age.toSeconds()));
    }

    private static Optional<String> absent(BooleanSupplier member) {
        return member.getAsBoolean()
                ? Optional.empty()
                : Optional.of("this process is no member of the cluster any more");
    }

    /** Keeps gRPC's health service up to date; everything is open by now. */
    void report(Vertx vertx, GrpcServer server) {
        health.started();
        update(server);
        vertx.setPeriodic(HEALTH_MS, timer -> update(server));
    }

    private void update(GrpcServer server) {
        List<Health.Component> components = health.readiness();
        components.forEach(one -> server.health(one.name(), one.up()));
        server.health("", Health.up(components));
    }

    /** Gives the page the search in the banks; before {@link #serve}. */
    void search(BankPictures pictures) {
        search = pictures;
    }

    /**
     * The facts about the process that its page shows or needs.
     *
     * @param version of simreg
     * @param port of gRPC
     * @param gate that requests for the page pass too; empty: everybody may look
     * @param tls certificates of the process; empty: it has none
     * @param acting the coordinator's services, by which the page acts
     */
    record Served(String version, int port, Optional<Gate> gate, Optional<Tls> tls, Channel acting) {}

    /**
     * Serves metrics, health and page by HTTP.
     *
     * @throws UserError if the port can't be had
     */
    WebServer serve(Vertx vertx, CoordinatorNode.HttpAddress at, CoordinatorServices services, Served served) {
        PageRoutes.Setup page = new PageRoutes.Setup(
                served.version, served.port, services::jobs, surveyor::latest, this::wanted, search);
        return WebServer.listen(vertx, at.at(), at.names(), at.tls(served.tls), router -> {
            OpsRoutes.route(vertx, router, () -> surveyor.scrape(meters), health);
            served.gate.ifPresent(gate -> OpsRoutes.guard(router, gate));
            PageRoutes.route(vertx, router, page);
            JobActions.route(vertx, router, served.gate, served.acting);
        });
    }

    @Override
    public void close() {
        meters.close();
    }
}
