# The agent's image: the static command, and the certificates that it trusts, in a build context that holds nothing else.
#
#   docker build -f dockerfiles/agent.Dockerfile -t krunner/agent:1 FOLDER
#   docker run -d --name krunner-agent --pid host --privileged \
#     -v /var/lib/krunner:/var/lib/krunner:rshared -v /run/krunner:/run/krunner -v /run/docker/plugins:/run/docker/plugins \
#     -v /etc/krunner:/etc/krunner:ro krunner/agent:1
FROM scratch
COPY krunner /bin/krunner
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# What the agent says of the store must be true for the node, too: it is mounted at the same path.
ENV KRUNNER_STORE=/var/lib/krunner
ENTRYPOINT ["/bin/krunner"]
CMD ["agent", "run", "--config", "/etc/krunner/agent.toml"]
