# The frontend's image: one static binary, in a build context that holds nothing else.
#
#   docker buildx build -f dockerfiles/frontend.Dockerfile -t krunner/frontend:1 FOLDER-OF-BINARY
FROM scratch
COPY krunner-frontend /krunner-frontend
# The engine starts the frontend without a network, and sends it these kinds of requests.
LABEL moby.buildkit.frontend.network.none="true" \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["/krunner-frontend"]
