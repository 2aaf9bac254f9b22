package org.simreg.worker.data;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.Dataset;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.SamplePart;
import org.simreg.proto.SamplesGrpc.SamplesBlockingStub;
import org.simreg.proto.Split;

/** A reader of one part of a data set at the coordinator, many samples in a call. */
final class SampleReader {
    private static final int CALL_SECONDS = 120;
    private static final int MOST_A_CALL = 1024;

    private final RetriedCalls calls;
    private final ReadRequest head;
    private final String what;

    SampleReader(RetriedCalls calls, Dataset dataset, Split split, String sha256) {
        this.calls = calls;
        head =
                ReadRequest.newBuilder()
                        .setDataset(dataset)
                        .setSplit(split)
                        .setSha256(sha256)
                        .build();
        what = "images of " + dataset.getPath();
    }

    /**
     * Reads samples, also if it takes several calls; what came is not asked for again.
     *
     * @param samples what is wanted, each id once
     * @param wanted whether the caller still waits
     * @param taker gets every sample once
     * @throws org.simreg.proto.UserError if it can't be done
     * @throws CancellationException if it isn't wanted any more
     */
    void read(List<Wanted> samples, BooleanSupplier wanted, Consumer<Arrival> taker) {
        Reading reading = new Reading(samples, wanted, taker);
        RetriedCalls.Call<SamplePart> call =
                new RetriedCalls.Call<>(what, CALL_SECONDS, reading::ask);
        while (!reading.isDone()) {
            calls.call(call, wanted, reading::take);
        }
    }

    /** Samples on their way, over as many calls as it takes. */
    private final class Reading {
        private final Map<Integer, Wanted> missing = new LinkedHashMap<>();
        private final BooleanSupplier wanted;
        private final Consumer<Arrival> taker;
        private Assembly assembly;

        Reading(List<Wanted> samples, BooleanSupplier wanted, Consumer<Arrival> taker) {
            this.wanted = wanted;
            this.taker = taker;
            samples.forEach(sample -> missing.put(sample.getId(), sample));
        }

        boolean isDone() {
            return missing.isEmpty();
        }

        /** Asks for what hasn't come, as much as goes in a call. */
        Iterator<SamplePart> ask(SamplesBlockingStub stub) {
            List<Wanted> some = missing.values().stream().limit(MOST_A_CALL).toList();
            assembly = new Assembly(some);
            return stub.read(head.toBuilder().addAllSamples(some).build());
        }

        Boolean take(Iterator<SamplePart> parts) throws RetriedCalls.Damaged {
            while (parts.hasNext()) {
                assembly.add(parts.next()).ifPresent(this::arrived);
                if (!wanted.getAsBoolean()) {
                    throw new CancellationException("nobody waits for " + what + " any more");
                }
            }
            assembly.finish();
            return true;
        }

        private void arrived(Arrival arrival) {
            missing.remove(arrival.id());
            taker.accept(arrival);
        }
    }
}
