package org.simreg.coordinator.cli.bank;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.features.bankfile.FeatureTable;
import org.simreg.worker.features.search.SearchMessages;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Arguments that name a bank and the queries to it: images, or vectors of a file. */
final class QueryArguments {
    private static final int MOST_TOGETHER = 64;

    /** Most bytes of images in a request, which leaves room for its other fields. */
    private static final int LARGEST = ApiClient.LARGEST_REQUEST - (1 << 16);

    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the bank (required)")
    private String bank;

    @Parameters(
            index = "1..*",
            paramLabel = "IMAGE",
            description = "Image files to ask with; a worker embeds them as it did the bank's")
    private List<Path> images = List.of();

    @Option(
            names = "--vectors",
            paramLabel = "FILE",
            description =
                    "Ask with the rows of a two-dimensional .npy or safetensors instead of images" + " (default: none)")
    private Path vectors;

    @Option(names = "--json", description = "Print a line of JSON a query instead of tables (default: false)")
    private boolean json;

    String bank() {
        return bank;
    }

    boolean json() {
        return json;
    }

    /**
     * A part of the queries, asked by one request.
     *
     * @param names of the queries: a file, or the number of a row
     * @param request with bank and queries
     */
    record Part(List<String> names, SearchRequest request) {}

    /**
     * All queries, in parts that the coordinator takes.
     *
     * @param k neighbours a query
     * @throws UserError if a file can't be read or is too large, or there is nothing to ask with
     */
    List<Part> parts(int k) {
        if (images.isEmpty() == (vectors == null)) {
            throw new UserError("Name images to ask with, or a file by --vectors; one of the two");
        }
        return vectors == null ? ofImages() : ofVectors(k);
    }

    private List<Part> ofImages() {
        List<Part> parts = new ArrayList<>();
        List<String> names = new ArrayList<>();
        SearchRequest.Builder request = SearchRequest.newBuilder().setBank(bank);
        long bytes = 0;
        for (Path image : images) {
            ByteString file = read(image);
            if (names.size() == MOST_TOGETHER || bytes + file.size() > LARGEST) {
                parts.add(new Part(List.copyOf(names), request.build()));
                names.clear();
                request.clearImages();
                bytes = 0;
            }
            names.add(image.toString());
            request.addImages(file);
            bytes += file.size();
        }
        parts.add(new Part(List.copyOf(names), request.build()));
        return parts;
    }

    private static ByteString read(Path image) {
        try {
            return ByteString.copyFrom(UserFile.bytes(image, LARGEST));
        } catch (IOException e) {
            throw new UserError("Can't ask with the image %s: %s".formatted(image, Disk.reason(e)), e);
        }
    }

    private List<Part> ofVectors(int k) {
        List<Part> parts = new ArrayList<>();
        try (FeatureTable file = FeatureTable.open(vectors)) {
            int room = LARGEST / (Float.BYTES * file.dimension());
            int together = Math.max(1, Math.min(Math.min(256, room), (1 << 16) / Math.max(1, k)));
            for (int from = 0; from < file.rows(); from += together) {
                int count = Math.min(together, file.rows() - from);
                List<String> names = new ArrayList<>();
                for (int row = from; row < from + count; row++) {
                    names.add("row " + row);
                }
                SearchRequest.Builder request = SearchRequest.newBuilder().setBank(bank);
                request.setVectors(SearchMessages.bytes(file.next(count)));
                parts.add(new Part(names, request.build()));
            }
        }
        return parts;
    }
}
