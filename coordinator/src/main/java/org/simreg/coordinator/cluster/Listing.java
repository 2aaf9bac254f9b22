package org.simreg.coordinator.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Refused;

/** Pages of jobs. A page's token names its last job, so that new jobs shift nothing. */
final class Listing {
    /** Jobs of one millisecond are in the order of their ids. */
    static final Comparator<Run> NEWEST_FIRST =
            Comparator.comparing((Run run) -> -run.record().getSubmittedMs())
                    .thenComparing(Run::id);

    private static final int USUAL = 100;
    private static final int MOST = 1000;

    private Listing() {}

    /**
     * @param runs newest first
     * @throws Refused if the token is none of ours
     */
    static ListResponse page(List<Run> runs, ListRequest request) {
        int asked = request.getPageSize();
        int size = asked <= 0 ? USUAL : Math.min(asked, MOST);
        List<Run> wanted = new ArrayList<>();
        for (Run run : runs) {
            boolean any = request.getStatesCount() == 0;
            if ((any || request.getStatesList().contains(run.record().getState()))
                    && after(request.getPageToken(), run)) {
                wanted.add(run);
            }
        }
        ListResponse.Builder page = ListResponse.newBuilder();
        wanted.stream().limit(size).map(Statuses::of).forEach(page::addJobs);
        if (wanted.size() > size) {
            page.setNextPageToken(token(wanted.get(size - 1)));
        }
        return page.build();
    }

    private static String token(Run run) {
        String place = run.record().getSubmittedMs() + " " + run.id();
        return Base64.getUrlEncoder().encodeToString(place.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean after(String token, Run run) {
        if (token.isEmpty()) {
            return true;
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(token);
            String[] place = new String(bytes, StandardCharsets.UTF_8).split(" ", 2);
            long submitted = Long.parseLong(place[0]);
            long own = run.record().getSubmittedMs();
            return own < submitted || own == submitted && run.id().compareTo(place[1]) > 0;
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "The page token \"%s\" is none that a list gave; leave it out to begin anew"
                            .formatted(token));
        }
    }
}
