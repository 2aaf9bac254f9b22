package org.simreg.worker.member.generation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Member;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.RetryPause;
import org.simreg.worker.base.io.TempFile;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.reduce.StateExchange;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way by which a member gets the weights, moments and statistics that its generation begins with, unless it holds
 * them: it makes them anew (FRESH), reads the newest checkpoint (CHECKPOINT) or fetches them from a peer (PEER); a member
 * that is somebody's peer serves a copy while it trains on.
 */
final class StateTransfer {
    private static final Logger LOG = LoggerFactory.getLogger(StateTransfer.class);
    private static final int RETRY_MS = 300;

    private final LoadedJob job;
    private final Generation generation;
    private final Peers peers;
    private final StateExchange exchange;

    /**
     * @param exchange with the others; null for a member that is alone
     */
    StateTransfer(LoadedJob job, Generation generation, Peers peers, StateExchange exchange) {
        this.job = job;
        this.generation = generation;
        this.peers = peers;
        this.exchange = exchange;
    }

    /**
     * Waits until the job, whose share is known, has the state that the generation says.
     *
     * @return a sentence if the job goes on with other images than the state was made from
     * @throws Abandoned if the generation is halted meanwhile
     */
    Optional<String> take(CheckpointStore checkpoints, RetryPause retries) {
        Member self = generation.getMembers(peers.rank());
        switch (self.getState()) {
            case FRESH -> job.start();
            case CHECKPOINT -> {
                return fromCheckpoint(checkpoints, retries);
            }
            case PEER -> fromPeer(rank(self.getPeer()));
            default -> {}
        }
        return Optional.empty();
    }

    /** Sends a copy of the state to those that fetch it from here, while training goes on. */
    void serve() {
        List<Member> behind = generation.getMembersList().stream()
                .filter(member -> member.getState() == Generation.State.PEER
                        && member.getPeer().equals(peers.self().worker()))
                .toList();
        if (behind.isEmpty()) {
            return;
        }
        Snapshot copy = job.snapshot();
        List<float[]> vectors = copy.state().vectors();
        for (Member member : behind) {
            exchange.serve(rank(member.getWorker()), copy.step(), vectors, copy.sha256());
        }
    }

    private int rank(String worker) {
        return peers.members().stream().map(Peers.Peer::worker).toList().indexOf(worker);
    }

    private void fromPeer(int rank) {
        Future<StateExchange.Received> coming =
                exchange.fetch(rank, job.layout().lengths());
        // The images of a step don't depend on the state.
        job.inputs().prepare(generation.getStep());
        StateExchange.Received received = TrainingLoop.await(coming);
        StudentState state = job.layout().of(received.vectors());
        if (!state.sha256().equals(received.sha256())) {
            throw new Abandoned("the state from " + peers.get(rank).worker() + " came damaged");
        }
        job.take(received.step(), state);
    }

    private Optional<String> fromCheckpoint(CheckpointStore checkpoints, RetryPause retries) {
        try (TempFile file = TempFile.make("step-%08d.safetensors".formatted(generation.getStep()))) {
            fetch(checkpoints, file.path(), retries);
            return job.take(file.path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fetch(CheckpointStore checkpoints, Path file, RetryPause retries) {
        while (true) {
            try {
                checkpoints.get(generation.getJob(), generation.getStep(), file);
                return;
            } catch (CheckpointStore.Unreachable e) {
                LOG.info("{}; trying again", e.getMessage());
                retries.pause(RETRY_MS);
            }
        }
    }
}
