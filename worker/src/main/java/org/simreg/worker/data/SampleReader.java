package org.simreg.worker.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.Dataset;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.Split;

/** Reads samples of one part of a data set from the coordinator, many in a call. */
final class SampleReader {
    private static final int CALL_SECONDS = 120;
    private static final int MOST_A_CALL = 1024;

    private final Calls calls;
    private final Line line;
    private final ReadRequest head;
    private final String what;

    SampleReader(Calls calls, Line line, Dataset dataset, Split split, String sha256) {
        this.calls = calls;
        this.line = line;
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
        Map<Integer, Wanted> missing = new LinkedHashMap<>();
        samples.forEach(sample -> missing.put(sample.getId(), sample));
        while (!missing.isEmpty()) {
            line.call(
                    what,
                    wanted,
                    () ->
                            some(
                                    missing.values().stream().limit(MOST_A_CALL).toList(),
                                    wanted,
                                    arrival -> {
                                        missing.remove(arrival.id());
                                        taker.accept(arrival);
                                    }));
        }
    }

    /** One call. */
    private Void some(List<Wanted> samples, BooleanSupplier wanted, Consumer<Arrival> taker)
            throws Damaged {
        ReadRequest request = head.toBuilder().addAllSamples(new ArrayList<>(samples)).build();
        return calls.call(
                CALL_SECONDS,
                stub -> stub.read(request),
                parts -> {
                    Assembly assembly = new Assembly(samples);
                    while (parts.hasNext()) {
                        assembly.add(parts.next()).ifPresent(taker);
                        line.heard();
                        if (!wanted.getAsBoolean()) {
                            throw new CancellationException(
                                    "nobody waits for " + what + " any more");
                        }
                    }
                    assembly.finish();
                    return null;
                });
    }
}
