package org.simreg.coordinator.grpc.search;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.coordinator.search.bank.BankService;
import org.simreg.coordinator.search.bank.BankView;
import org.simreg.coordinator.search.query.VectorQuery;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchRequest;
import org.simreg.worker.features.search.SearchMessages;
import org.simreg.worker.features.search.Shard;

/**
 * The queries of a client's search request, checked before any worker is asked.
 *
 * @param request as it came
 * @param bank that is asked
 * @param k neighbours a query, at most the bank's rows
 * @param until deadline in nanoseconds of {@link System#nanoTime}
 */
record SearchQueries(SearchRequest request, BankView bank, int k, long until) {
    static final int MOST = 4096;
    static final int MOST_FOUND = 1 << 16;
    private static final int USUAL_K = 20;
    private static final long PATIENCE_SECONDS = 60;

    /**
     * Checks everything but the numbers.
     *
     * @throws Refused or {@link StatusRuntimeException} if the request is wrong
     */
    static SearchQueries of(BankService banks, SearchRequest request, int k) {
        BankView bank = banks.view(request.getBank())
                .orElseThrow(() -> new Refused(
                        Refused.Kind.UNKNOWN,
                        "There is no bank '%s'; 'simreg index list' shows those that there are"
                                .formatted(request.getBank())));
        if (!bank.ready()) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The bank %s is not ready but %s%s"
                            .formatted(
                                    request.getBank(),
                                    bank.record().getState(),
                                    bank.record().getReason().isEmpty()
                                            ? ""
                                            : ": " + bank.record().getReason()));
        }
        SearchQueries queries = new SearchQueries(request, bank, within(bank, "k", k), deadline());
        queries.requireOneKind();
        queries.requireFew();
        return queries;
    }

    /**
     * The neighbours that a bank can give where so many are asked for: all its rows if these are fewer.
     *
     * @param field that names them
     * @throws StatusRuntimeException if they are out of bounds
     */
    static int within(BankView bank, String field, int k) {
        // An unsigned field: what looks negative is very large.
        long asked = Integer.toUnsignedLong(k);
        long given = Math.min(asked, bank.record().getRows());
        if (asked < 1 || given > Shard.MAX_K) {
            throw GrpcStatuses.invalid(field, asked + " is out of bounds; choose 1 to " + Shard.MAX_K);
        }
        return (int) given;
    }

    /** The sentence that a bank has fewer rows than were asked for; empty if it has enough. */
    static Optional<String> note(BankView bank, String field, int k) {
        return Integer.toUnsignedLong(k) <= bank.record().getRows()
                ? Optional.empty()
                : Optional.of("%s: %s is more than the %d rows of the bank %s, so all of them are used"
                        .formatted(
                                field,
                                Integer.toUnsignedString(k),
                                bank.record().getRows(),
                                bank.record().getName()));
    }

    static int k(SearchRequest request) {
        return request.hasK() ? request.getK() : USUAL_K;
    }

    private static long deadline() {
        Deadline deadline = Context.current().getDeadline();
        long most = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        long left = deadline == null ? most : deadline.timeRemaining(TimeUnit.NANOSECONDS);
        return System.nanoTime() + Math.min(left, TimeUnit.HOURS.toNanos(1));
    }

    boolean ofImages() {
        return request.getImagesCount() > 0;
    }

    private void requireOneKind() {
        int kinds = (request.getVectors().isEmpty() ? 0 : 1)
                + (request.getValuesCount() > 0 ? 1 : 0)
                + (ofImages() ? 1 : 0);
        if (kinds != 1) {
            throw GrpcStatuses.invalid("queries", kinds + " kinds are given; give one of vectors, values or images");
        }
        if (ofImages() && bank.images().isEmpty()) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The bank %s holds features of others, so images can't be asked with; ask with vectors of %d features"
                            .formatted(request.getBank(), bank.dimension()));
        }
        int bytes = Float.BYTES * bank.dimension();
        if (request.getVectors().size() % bytes != 0) {
            throw GrpcStatuses.invalid(
                    "vectors",
                    "%d bytes are no queries of %d features, which have %d bytes each"
                            .formatted(request.getVectors().size(), bank.dimension(), bytes));
        }
        if (request.getValuesCount() % bank.dimension() != 0) {
            throw GrpcStatuses.invalid(
                    "values",
                    "%d numbers are no queries of %d features".formatted(request.getValuesCount(), bank.dimension()));
        }
    }

    private void requireFew() {
        int count = ofImages()
                ? request.getImagesCount()
                : (request.getValuesCount() + request.getVectors().size() / Float.BYTES) / bank.dimension();
        long found = (long) count * Math.min(k, bank.record().getRows());
        if (count > MOST || found > MOST_FOUND) {
            throw GrpcStatuses.invalid(
                    "queries",
                    "%d queries with %d neighbours each are too many; ask for %d queries and %d neighbours in all at most, or by SearchStream"
                            .formatted(count, k, MOST, MOST_FOUND));
        }
    }

    /** The order for the worker that embeds the images. */
    ImageQuery images() {
        return ImageQuery.newBuilder()
                .setImages(bank.images().orElseThrow())
                .setWeightsSha256(bank.record().getWeightsSha256())
                .addAllFiles(request.getImagesList())
                .build();
    }

    /**
     * The query of a request with numbers.
     *
     * @throws StatusRuntimeException if one is not finite or has length 0
     */
    VectorQuery query() {
        return query(request.getValuesCount() > 0 ? SearchMessages.bytes(floats(request)) : request.getVectors());
    }

    private static float[] floats(SearchRequest request) {
        float[] values = new float[request.getValuesCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = request.getValues(i);
        }
        return values;
    }

    /** The query with these vectors, which a worker has made of the images. */
    VectorQuery query(ByteString vectors) {
        float[] values = SearchMessages.of(vectors);
        int dimension = bank.dimension();
        for (int from = 0; from < values.length; from += dimension) {
            double squares = 0;
            for (int i = from; i < from + dimension; i++) {
                if (!Float.isFinite(values[i])) {
                    throw GrpcStatuses.invalid(
                            "queries",
                            "query %d has %s at feature %d; give finite numbers"
                                    .formatted(from / dimension, values[i], i - from));
                }
                squares += (double) values[i] * values[i];
            }
            if (squares == 0) {
                throw GrpcStatuses.invalid(
                        "queries", "query %d has length 0, so it has no direction".formatted(from / dimension));
            }
        }
        return new VectorQuery(vectors, values.length / dimension, k, until);
    }
}
