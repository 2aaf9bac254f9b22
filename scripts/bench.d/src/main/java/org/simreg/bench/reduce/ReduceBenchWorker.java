package org.simreg.bench.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.reduce.ClusterReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.exchange.wire.EventBusWire;
import org.simreg.worker.exchange.wire.NettyWire;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * One worker process of {@link ReduceBench}. Prints its address, reads all of them, and prints the
 * bytes of the vector, and milliseconds of a reduce alone, of the teacher alone, of both at once,
 * and of waiting for the reduce after the teacher.
 */
final class ReduceBenchWorker {
    static final String ANSWER = "reduce-bench ";

    private static final int BATCH = 64;
    private static final int SIZE = 64;
    private static final int WARM = 5;

    private final Torch torch;
    private final FrozenModule teacher;
    private final ByteBuffer pixels;
    private long step;

    private ReduceBenchWorker(Torch torch) {
        this.torch = torch;
        var large = Networks.backbone(Network.RESNET50);
        StudentNetwork random =
                StudentNetwork.regression(large, List.of(Heads.regression(Head.Form.RELEASED, 1, large.outputs(), 1)));
        StateDict weights = StudentBuilder.backbone(random, InitialWeights.of(random, 1));
        teacher = FrozenModule.of(torch, large, weights, false);
        byte[] bytes = new byte[BATCH * SIZE * SIZE * 3];
        new Random(3).nextBytes(bytes);
        pixels = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /**
     * @param arguments transport, rank, measured steps, threads of libtorch
     */
    public static void main(String[] arguments) {
        try {
            Vertx vertx = arguments[0].equals("eventbus") ? ReduceCluster.join() : null;
            try (Torch torch = new Torch("cpu", Integer.parseInt(arguments[3]));
                    PeerTransport transport = transport(vertx)) {
                new ReduceBenchWorker(torch)
                        .run(transport, Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            }
            System.exit(0);
        } catch (Exception e) {
            e.printStackTrace();
            // The cluster's threads would keep it alive, and the others waiting.
            System.exit(1);
        }
    }

    private static PeerTransport transport(Vertx vertx) {
        return vertx == null ? NettyWire.transport("127.0.0.1", 0) : EventBusWire.transport(vertx);
    }

    private void run(PeerTransport transport, int rank, int steps) throws Exception {
        torch.enter();
        System.out.println(ANSWER + transport.address());
        Peers peers = peers(rank);
        int length = length();
        // Every leaf is full of its number, from 1: so the mean is known.
        try (Reduce reduce = new ClusterReduce(
                transport,
                peers,
                torch.transfers(),
                torch.scope(),
                scope -> scope.ones(new Shape(length)).muli(rank + 1))) {
            measure(reduce, peers, length, steps);
        }
        teacher.close();
    }

    private static Peers peers(int rank) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<Peers.Peer> peers = new ArrayList<>();
        for (String address : input.readLine().split(" ")) {
            peers.add(new Peers.Peer("worker-" + peers.size(), address, peers.size(), 1));
        }
        return new Peers("bench", 1, rank, peers);
    }

    /** Floats of gradient, batch statistics and loss. */
    private static int length() {
        var small = Networks.backbone(Network.RESNET18);
        StudentNetwork trained = StudentNetwork.regression(
                small, List.of(Heads.regression(Head.Form.RELEASED, 4, small.outputs(), 2048)));
        StudentState state = InitialWeights.of(trained, 2);
        return state.weights().length + state.statistics().length + 16;
    }

    private void measure(Reduce reduce, Peers peers, int length, int steps) throws Exception {
        double[] alone = new double[4 * steps];
        for (int i = -WARM; i < alone.length; i++) {
            long begun = System.nanoTime();
            check(begin(reduce, peers).get(), peers);
            keep(alone, i, begun);
        }
        double[] taught = new double[steps];
        double[] both = new double[steps];
        double[] waited = new double[steps];
        for (int i = -1; i < steps; i++) {
            // In turns: so that both see the same machine, and the reduce keeps all in step.
            long begun = System.nanoTime();
            teach();
            keep(taught, i, begun);
            begin(reduce, peers).get();
            begun = System.nanoTime();
            Future<NDArray> mean = begin(reduce, peers);
            teach();
            long waiting = System.nanoTime();
            mean.get();
            keep(waited, i, waiting);
            keep(both, i, begun);
        }
        System.out.println(ANSWER
                + String.join(
                        " ",
                        "" + 4.0 * length,
                        "" + median(alone),
                        "" + median(taught),
                        "" + median(both),
                        "" + median(waited)));
    }

    private static void check(NDArray mean, Peers peers) {
        float expected = (peers.size() + 1) / 2f;
        if (mean.getFloat(0) != expected || mean.getFloat(mean.size() - 1) != expected) {
            throw new IllegalStateException("the mean is not " + expected);
        }
    }

    private Future<NDArray> begin(Reduce reduce, Peers peers) {
        Reduce.Round round = reduce.begin(step++, peers.leaves());
        round.vector();
        round.offer(peers.self().first());
        return round.mean();
    }

    private void teach() {
        try (NDManager scope = torch.scope()) {
            teacher.features(scope, Torch.images(scope, pixels, BATCH, SIZE)).getFloat(0, 0);
        }
    }

    private static void keep(double[] times, int i, long begun) {
        if (i >= 0) {
            times[i] = (System.nanoTime() - begun) / 1e6;
        }
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
